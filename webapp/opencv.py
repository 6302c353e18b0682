"""OpenCV's own limits, which it reads from the environment when it is imported.

`recognition/image.py` reads the size of an image from its header and holds it against the settings.
Should a header ever lie in a way that it does not see, OpenCV refuses what no setting may allow.
"""

import os

from .config import MAX_PIXELS, MAX_SIDE

os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MAX_PIXELS)
for _name in ("WIDTH", "HEIGHT"):
    os.environ[f"OPENCV_IO_MAX_IMAGE_{_name}"] = str(MAX_SIDE)
