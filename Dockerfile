# Three stages: one holds Node.js and builds the page, one holds uv and builds the locked environment with the page in it, and the
# last holds nothing but Python and that environment.
# Build: docker build -t task-agent:dev .
# The service keeps nothing in the image's own file system: run it read-only, with /data and /tmp writable.

FROM docker.io/library/node:22-slim AS page
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM docker.io/library/python:3.11-slim AS build
ARG UV_VERSION=0.13.9
# Certificates are those the base image trusts, as for pip: one may come with the root of its owner.
ENV UV_PYTHON=python3.11 \
    UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/opt/task-agent \
    UV_SYSTEM_CERTS=1 \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1 \
    UV_NO_CACHE=1
RUN python3.11 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir "uv==${UV_VERSION}"
WORKDIR /src
# The dependencies change seldom: a layer of their own.
COPY pyproject.toml uv.lock ./
RUN /opt/uv/bin/uv sync --locked --no-dev --no-editable --no-install-project
COPY README.md ./
COPY agent ./agent
COPY actors ./actors
COPY workflows ./workflows
COPY prompts ./prompts
COPY --from=page /src/agent/page ./agent/page
RUN /opt/uv/bin/uv sync --locked --no-dev --no-editable

FROM docker.io/library/python:3.11-slim
COPY --from=build /opt/task-agent /opt/task-agent
RUN install -d -o 65532 -g 65532 -m 0750 /data
# In this release identity is the development mode, so both listeners stay on loopback: 8080 is reached by port-forward, 3000 is
# for the Dapr sidecar, which shares the pod's network. No EXPOSE: there is nothing to publish. HOME holds caches.
ENV PATH=/opt/task-agent/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    TASK_AGENT_HOST=127.0.0.1 \
    TASK_AGENT_PORT=8080 \
    TASK_AGENT_APP_PORT=3000 \
    TASK_AGENT_DATA_DIR=/data
VOLUME /data
WORKDIR /data
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["task-agent", "serve"]
