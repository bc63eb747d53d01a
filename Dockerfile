# Notewright in a container: the service with the default model and the default terminology store.
#   docker build -t notewright .
#   docker run --rm -i notewright convert --input - < documents.ndjson > bundles.ndjson
#   docker compose up        (compose.yaml: PostgreSQL, the endpoint, workers)
FROM python:3.13-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc g++ cmake make && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements.lock ./
# GGML_NATIVE=OFF: the image runs on machines other than the one that builds it.
ENV CMAKE_ARGS="-DLLAVA_BUILD=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF \
 -DLLAMA_BUILD_SERVER=OFF -DLLAMA_OPENSSL=OFF -DGGML_LLAMAFILE=ON -DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON" \
    SKBUILD_BUILD_TARGETS="llama;llama-common"
RUN python -m venv /opt/notewright && /opt/notewright/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /opt/notewright/bin/pip install --no-cache-dir --no-deps . \
 && /opt/notewright/bin/notewright models make \
 && /opt/notewright/bin/notewright terminology build --source core --source icd10cm --output /opt/notewright/store.sqlite

FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 notewright \
 && install -d -o notewright -g notewright -m 0700 /var/lib/notewright
COPY --from=build /opt/notewright /opt/notewright
# Everything but /var/lib/notewright (the SQLite ledger) and /tmp may be read-only.
ENV PATH=/opt/notewright/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    NOTEWRIGHT_TERMINOLOGY=/opt/notewright/store.sqlite \
    NOTEWRIGHT_DATABASE=sqlite:////var/lib/notewright/ledger.sqlite \
    NOTEWRIGHT_HOST=0.0.0.0
VOLUME /var/lib/notewright
EXPOSE 8765
USER 10001
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8765/livez', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["notewright"]
CMD ["serve"]
