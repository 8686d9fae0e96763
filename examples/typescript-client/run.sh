#!/bin/sh
# Generates TypeScript types from Holdfast's OpenAPI document and checks usage.ts against them.
#
#   examples/typescript-client/run.sh [openapi.json]
#
# The document defaults to openapi/openapi.json of this repository. Needs Node.js 20 or later;
# the types go into a temporary folder and are removed again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
document=${1:-$here/../../openapi/openapi.json}
[ -r "$document" ] || { echo "cannot read $document" >&2; exit 1; }
document=$(cd "$(dirname "$document")" && pwd)/$(basename "$document")

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cp "$here/usage.ts" "$folder"
cd "$folder"

DOCUMENT=$document npx --yes --package=openapi-typescript@7.13.0 --package=typescript@5.9.3 -c '
    openapi-typescript "$DOCUMENT" --output holdfast.ts &&
    tsc --noEmit --strict --exactOptionalPropertyTypes --target es2022 --module esnext \
        --moduleResolution bundler --lib es2022,dom usage.ts'
echo "usage.ts fits the types of $(basename "$document")"
