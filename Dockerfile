# The hub in a container.
#
#   docker build -t glucohub .
#   docker run --init -p 127.0.0.1:8470:8470 -v glucohub:/data --device /dev/ttyUSB0 glucohub
#
# Inside, the hub listens on all addresses of the container; what of it is reachable is decided by -p.

FROM node:20-bookworm-slim AS build
# The SQLite library is compiled where no binary can be downloaded.
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make python3 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/glucohub
# Packages first: they are installed again only when the lock changes. Without sources nothing else is built yet.
COPY package.json package-lock.json tsconfig.json ./
COPY config ./config
RUN node config/prepare.mjs packages
COPY . .
RUN node config/prepare.mjs build \
 && npm prune --omit=dev --no-audit --no-fund

FROM node:20-bookworm-slim
# libusb and udev: to find meters. redis-server: the hub runs its own. util-linux: setpriv, which ends Redis with the hub.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libusb-1.0-0 redis-server udev util-linux \
 && rm -rf /var/lib/apt/lists/* \
 && usermod -aG dialout,plugdev node \
 && install -d -o node -g node -m 0700 /data
WORKDIR /opt/glucohub
COPY --from=build /opt/glucohub/package.json /opt/glucohub/package-lock.json /opt/glucohub/LICENSE ./
COPY --from=build /opt/glucohub/config ./config
COPY --from=build /opt/glucohub/node_modules ./node_modules
COPY --from=build /opt/glucohub/dist ./dist
RUN ln -s /opt/glucohub/config/glucohub.mjs /usr/local/bin/glucohub
ENV NODE_ENV=production \
    GLUCOHUB_DATA=/data \
    GLUCOHUB_HTTP_HOST=0.0.0.0 \
    GLUCOHUB_HTTP_PORT=8470
USER node
VOLUME /data
EXPOSE 8470
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.GLUCOHUB_HTTP_PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Not through npm: signals reach the hub itself.
CMD ["node", "config/glucohub.mjs", "start"]
