"""Configuration of gunicorn, which looks for this file where it is started.

The module runs anew at each reload. An import would keep the settings of the first time.
"""

import runpy

globals().update(runpy.run_module("webapp.ops.gunicorn_config"))
