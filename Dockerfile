# Both bases are arguments: a build without a public registry brings its own. The builder needs cargo, a C
# compiler and ca-certificates, the other one glibc and libgcc; debian:bookworm-slim serves as well.
ARG BUILDER=docker.io/library/rust:1-bookworm
ARG RUNTIME=gcr.io/distroless/cc-debian12

FROM ${BUILDER} AS build
WORKDIR /build
COPY . .
RUN ["cargo", "build", "--release", "--locked", "--bin", "holdfast"]
# The final image may have neither a shell nor certificates, so its few files are laid out here.
RUN ["mkdir", "-p", "/image/usr/local/bin", "/image/etc/ssl/certs", "/image/var/lib/holdfast"]
RUN ["cp", "target/release/holdfast", "/image/usr/local/bin/holdfast"]
RUN ["cp", "-L", "/etc/ssl/certs/ca-certificates.crt", "/image/etc/ssl/certs/ca-certificates.crt"]
RUN ["chmod", "0700", "/image/var/lib/holdfast"]

FROM ${RUNTIME}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Holdfast" \
      org.opencontainers.image.description="Headless REST service for IT Service Continuity Management" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /image/usr/local/bin/holdfast /usr/local/bin/holdfast
COPY --from=build /image/etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=10001:10001 /image/var/lib/holdfast /var/lib/holdfast
ENV HOLDFAST_LISTEN=0.0.0.0:8080 \
    HOLDFAST_DATA_DIR=/var/lib/holdfast
USER 10001:10001
WORKDIR /var/lib/holdfast
VOLUME /var/lib/holdfast
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/holdfast", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/holdfast"]
CMD ["serve"]
