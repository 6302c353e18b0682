# syntax=docker/dockerfile:1
# Two stages: what installs, and what serves. Nothing is compiled: every package has a wheel.
FROM python:3.11-slim AS install
WORKDIR /srv
COPY requirements.txt .
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
    --only-binary :all: -r requirements.txt

FROM python:3.11-slim
# Nobody in particular, who owns nothing and has no home.
RUN useradd --system --no-create-home --shell /usr/sbin/nologin --uid 10001 inkling
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PORT=8000
COPY --from=install /opt/venv /opt/venv
WORKDIR /srv
COPY wsgi.py gunicorn.conf.py ./
COPY webapp webapp
COPY templates templates
COPY static static
COPY component component
COPY models models
# The root file system may be read-only: compiled here, never there.
RUN python -m compileall -q webapp wsgi.py
USER inkling
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/readyz', timeout=2)"]
# As the Procfile; exec, so that a stop reaches gunicorn.
CMD ["sh", "-c", "exec gunicorn --bind 0.0.0.0:$PORT wsgi:app"]
