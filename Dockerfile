# One small image for the watchdog. It runs as an ordinary user (1000), changes nothing outside
# /data, and stops on SIGTERM without moving traffic.
#
#   docker build -t changeover .
#   docker run --rm changeover --help

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY tools/runtime/package.json tools/runtime/
# The image has the right Node already: the workspace that brings one is left out.
RUN npm ci --workspaces=false --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:26-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY tools/runtime/package.json tools/runtime/
RUN npm ci --workspaces=false --omit=dev --no-audit --no-fund

FROM node:26-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY bin bin
COPY rules rules
RUN mkdir /data && chown 1000:1000 /data
# The store, the token of the command line and the configuration lie together.
WORKDIR /data
USER 1000:1000
EXPOSE 8642 8643
# 200 while the loop turns. Another port of `listen.operator` needs its own check.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8642/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/bin/changeover.js"]
CMD ["run", "/data/changeover.yaml"]
