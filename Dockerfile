# The digest: CI asks the registry for the one this tag names on the day, builds from it by this
# argument, and the image's provenance records it. To pin it here too, ask the same yourself:
#   docker buildx imagetools inspect python:3.13-slim-bookworm --format '{{.Manifest.Digest}}'
# and write it after the tag, as TAG@sha256:…; Dependabot keeps it fresh from then on.
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
WORKDIR /app
COPY requirements.txt .
# Wheels only: a platform without one fails here at once instead of compiling for an hour.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --only-binary=:all: -r requirements.txt redis==8.1.0 \
    && /venv/bin/pip uninstall -y pip
COPY . .
RUN /venv/bin/python -m compileall -q .

FROM ${BASE}
RUN mkdir -m 700 /data && chown 10001:10001 /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
# /dev/shm can be written even where the root is read-only, and is gone with the container.
ARG VERSION=
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    MPLCONFIGDIR=/data/matplotlib \
    TMPDIR=/dev/shm \
    PORT=8080 \
    VERSION=${VERSION}
USER 10001:10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=8)"]
ENTRYPOINT ["python", "main.py"]
