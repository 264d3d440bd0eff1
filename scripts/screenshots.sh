#!/usr/bin/env bash
# Draws the pages of a running demonstration into docs/images, as the README shows them.
#
#   scripts/screenshots.sh [http://127.0.0.1:8080]
set -euo pipefail
cd "$(dirname "$0")/.."
address=${1:-http://127.0.0.1:8080}
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
mkdir -p docs/images

draw() { # name, path, width, height
    chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$profile" \
        --window-size="$3,$4" --screenshot="docs/images/$1.png" "$address$2" 2>/dev/null
    echo "docs/images/$1.png"
}

draw home / 1280 1400
