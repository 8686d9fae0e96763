#!/bin/sh
# Generates a Python client from Holdfast's OpenAPI document and uses it against a live service.
#
#   HOLDFAST_URL=http://127.0.0.1:8080 HOLDFAST_TOKEN=… examples/python-client/run.sh [openapi.json]
#
# The document defaults to openapi/openapi.json of this repository. Needs Python 3.11 or later
# ($PYTHON, default python3); everything else goes into a temporary folder and is removed again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
document=${1:-$here/../../openapi/openapi.json}
: "${HOLDFAST_TOKEN:?set HOLDFAST_TOKEN to a token of the service}"
[ -r "$document" ] || { echo "cannot read $document" >&2; exit 1; }

"${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed" >&2; exit 1; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openapi-python-client==0.29.1

cat > "$folder/config.yml" <<'YAML'
package_name_override: holdfast_client
post_hooks: []
content_type_overrides:
  application/x-ndjson: application/octet-stream
  application/openmetrics-text: text/plain
  image/svg+xml: text/plain
YAML
# --fail-on-warning: an operation or a schema that the generator would leave out is a fault.
"$folder/venv/bin/openapi-python-client" generate --path "$document" --config "$folder/config.yml" \
    --meta none --output-path "$folder/holdfast_client" --fail-on-warning

PYTHONPATH=$folder "$folder/venv/bin/python" "$here/use_client.py"
