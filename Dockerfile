# Reprise's own parts, one image for all of them: `docker run … serve --only lifecycle`.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/reprise
COPY locks/runtime.txt locks/
RUN /opt/reprise/bin/pip install --no-cache-dir --require-hashes -r locks/runtime.txt
COPY . .
RUN /opt/reprise/bin/pip install --no-cache-dir --no-build-isolation --no-deps .

FROM python:3.13-slim
ENV PATH=/opt/reprise/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 REPRISE_HOST=0.0.0.0
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin reprise
COPY --from=build /opt/reprise /opt/reprise
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080
ENTRYPOINT ["reprise"]
CMD ["serve"]
