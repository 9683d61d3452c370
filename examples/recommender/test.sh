#!/bin/sh
# Installs the pinned packages where they are missing and runs the tests; needs no server.
set -eu
cd "$(dirname "$0")"
[ -d node_modules ] || npm ci --ignore-scripts
exec node --test test/*.test.js
