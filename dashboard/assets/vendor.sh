#!/bin/sh
# Fetches the parts of nhsuk-frontend that the dashboard serves, from the npm registry, into assets/nhsuk.
#
# What is kept: the prebuilt style sheet and script, and the images that the style sheet asks for.
# What is changed: the `@font-face` rules are removed, because the Frutiger font is licensed to NHS bodies only (Arial
# is the next in the list), and so are the references to source maps, which are not kept.
set -eu

version=10.6.1
integrity=sha512-PZorqQZjZx/A26yJoskCL9z0ib6AtkAyF0o4K/RHr8zRrJyXrUOCnMbjy0VNXsGO4tfTNMwqlkwATKs4a0xayw==

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack --silent "nhsuk-frontend@$version" >/dev/null
archive="nhsuk-frontend-$version.tgz"
found="sha512-$(openssl dgst -sha512 -binary "$archive" | openssl base64 -A)"
if [ "$found" != "$integrity" ]; then
    echo "vendor.sh: $archive has another content than expected ($found); nothing was changed" >&2
    exit 1
fi
tar -xzf "$archive"

dist=package/dist/nhsuk
target="$here/nhsuk"
mkdir -p "$target"
sed -E 's/@font-face\{[^}]*\}//g; /^\/\*# sourceMappingURL=/d' "$dist/nhsuk-frontend.min.css" >"$target/nhsuk-frontend.min.css"
sed -E 's/\/\/# sourceMappingURL=.*$//' "$dist/nhsuk-frontend.min.js" >"$target/nhsuk-frontend.min.js"
for image in nhsuk-icon-arrow-down.svg nhsuk-icon-arrow-up.svg nhsuk-icon-arrow-up-down.svg nhsuk-icon-cross.svg; do
    cp "$dist/assets/images/$image" "$target/$image"
done
echo "nhsuk-frontend $version is in $target"
