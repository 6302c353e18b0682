"""OpenCV's own limits, which it reads from the environment when it is imported.

Nothing larger than the settings allow is given to it (`recognition/image.py` reads sizes from
headers first). Should a header ever lie in a way that we do not see, OpenCV refuses by itself.
"""

import os

from .config import ConfigError, Settings, load_settings


def set_limits() -> None:
    """Set them, for this process and those that it starts."""
    try:
        settings = load_settings()
    except ConfigError:
        settings = Settings()  # create_app() says what is wrong
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(settings.max_image_pixels)
    for name in ("WIDTH", "HEIGHT"):
        os.environ[f"OPENCV_IO_MAX_IMAGE_{name}"] = str(settings.max_image_side)


set_limits()
