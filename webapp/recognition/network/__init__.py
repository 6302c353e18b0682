"""Networks: inference, decoding and calibration."""
