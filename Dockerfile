# Two stages: build the package, then a plain runtime without compilers. `.ci/stranger` runs the same steps without Docker.
FROM python:3.11-slim AS build
WORKDIR /source
COPY . .
RUN python -m venv /opt/quanheng \
 && /opt/quanheng/bin/pip install --no-cache-dir .

FROM python:3.11-slim
RUN useradd --system --create-home --home-dir /srv/quanheng quanheng
COPY --from=build /opt/quanheng /opt/quanheng
COPY --from=build --chown=quanheng /source/policies /srv/quanheng/policies
USER quanheng
WORKDIR /srv/quanheng
RUN /opt/quanheng/bin/quanheng build policies && mkdir data personnel trust
# Mount the record at data, appointments.csv at personnel, and a settings file (callers, TLS) at settings.toml.
# Signing key and head lie at trust, apart from the data. Once, before the first start:
#   docker run … log create --data data --origin NAME
ENV QUANHENG_KEYS=/srv/quanheng/trust/keys QUANHENG_HEAD=/srv/quanheng/trust/log.head
VOLUME ["/srv/quanheng/data", "/srv/quanheng/personnel", "/srv/quanheng/trust"]
EXPOSE 8181
ENTRYPOINT ["/opt/quanheng/bin/quanheng"]
CMD ["serve", "--config", "settings.toml", "--policies", "policies", "--data", "data", "--personnel", "personnel"]
