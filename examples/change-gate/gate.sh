#!/bin/sh
{ set +x; } 2>/dev/null # a trace would show the token
# Asks Holdfast what a change touches and breaks, and stops the pipeline if it must not go ahead.
set -eu

usage() {
    cat <<'USAGE'
usage: gate.sh [option…] [item…]

  item                    what the change touches: key:DB-1, ref:cmdb:vm/4711 or a UUID;
                          component=key:DB-1 where a key stands in several kinds
  --items FILE            further items, one a line; empty lines and lines that begin with # are skipped; - is standard input
  --proposed FILE         a JSON array of proposed changes to the dependency graph
  --change SYSTEM ID      the change request as its ITSM tool calls it
  --window START END      when the change is made, such as 2026-12-05T20:00:00Z 2026-12-05T23:00:00Z
  --record                keep the verdict on the change request (needs --change)
  --strict                a warning stops the pipeline too
  --answer FILE           keep the whole answer there

HOLDFAST_URL and HOLDFAST_TOKEN say where Holdfast is, and who asks.
exit status: 0 pass, or warn; 1 block; 2 warn, with --strict; 3 no verdict
USAGE
}

fail() {
    printf 'change gate: %s\n' "$*" >&2
    exit 3
}

# What comes from elsewhere goes into the log without line breaks and other control characters.
told='def told: tostring | gsub("[[:cntrl:]]+"; " ");'

for program in curl jq; do
    command -v "$program" >/dev/null || fail "$program is needed"
done
folder=$(mktemp -d) || fail 'no temporary folder'
trap 'rm -rf "$folder"' EXIT
trap 'exit 3' HUP INT TERM
: >"$folder/items"
echo null >"$folder/proposed"

system='' change='' start='' end='' query='' strict=false keep=''
while [ $# -gt 0 ]; do
    case $1 in
        --change | --window) [ $# -ge 3 ] || fail "$1 needs two arguments" ;;
        --items | --proposed | --answer) [ $# -ge 2 ] || fail "$1 needs an argument" ;;
    esac
    case $1 in
        --help) usage && exit 0 ;;
        --items)
            file=$2
            [ "$file" != - ] || file=/dev/stdin
            jq -R 'gsub("^\\s+|\\s+$"; "") | select(. != "" and (startswith("#") | not))' \
                <"$file" >>"$folder/items" || fail "cannot read the items"
            shift ;;
        --proposed)
            jq -s 'if length == 1 and (.[0] | type) == "array" then .[0] else error("not one array") end' \
                <"$2" >"$folder/proposed" || fail "cannot read the proposed changes"
            shift ;;
        --change) system=$2 change=$3 && shift 2 ;;
        --window) start=$2 end=$3 && shift 2 ;;
        --record) query='?record=true' ;;
        --strict) strict=true ;;
        --answer) keep=$2 && shift ;;
        -*) fail "unknown option; --help lists those there are" ;;
        *) jq -n --arg item "$1" '$item' >>"$folder/items" ;;
    esac
    shift
done

url=${HOLDFAST_URL:-}
case $url in
    http://* | https://*) ;;
    *) fail 'HOLDFAST_URL is to begin with https:// or http://' ;;
esac
case ${HOLDFAST_TOKEN:-} in
    '') fail 'HOLDFAST_TOKEN is empty' ;;
    *[!A-Za-z0-9._~+/=-]*) fail 'HOLDFAST_TOKEN holds characters that no token has' ;;
esac
[ -z "$query" ] || [ -n "$change" ] || fail '--record needs --change'

# shellcheck disable=SC2016 # these variables are jq's
jq -n --slurpfile items "$folder/items" --slurpfile proposed "$folder/proposed" \
    --arg system "$system" --arg change "$change" --arg start "$start" --arg till "$end" '
    def item: capture("^(?<kind>component|service|business_process|site|supplier)=(?<id>.*)$") // .;
    {items: [$items[] | item]}
    + (if $proposed[0] then {proposed: $proposed[0]} else {} end)
    + (if $change != "" then {change: {system: $system, id: $change}} else {} end)
    + (if $start != "" then {window: {start: $start, end: $till}} else {} end)
    ' >"$folder/question" || fail 'the question cannot be written'

# The token reaches curl through a pipe: the list of processes does not show it. Redirects are not followed.
status=$(printf 'header = "Authorization: Bearer %s"\n' "$HOLDFAST_TOKEN" |
    curl --config - --silent --show-error --globoff --proto '=http,https' --connect-timeout 10 --max-time 60 \
        --retry 3 --retry-max-time 120 --header 'Content-Type: application/json' \
        --data-binary "@$folder/question" --output "$folder/answer" --write-out '%{http_code}' \
        --url "${url%/}/api/v1/analysis/change$query") || fail 'Holdfast does not answer'

if [ "$status" != 200 ]; then
    jq -r "$told"' "  \(.title | told): \(.detail // "" | told)",
        (.errors // [] | .[] | "  \(.pointer | told): \(.detail | told)"), "  request \(.request_id | told)"' \
        <"$folder/answer" >&2 2>/dev/null || true
    fail "Holdfast answered $status"
fi
[ -z "$keep" ] || cp "$folder/answer" "$keep" || fail 'the answer cannot be kept'

verdict=$(jq -r '.verdict | strings' <"$folder/answer" 2>/dev/null) || fail 'the answer is not JSON'
jq -r "$told"'
    def named: .name // .key // .id | told;
    "change gate: \(.verdict | told)",
    (.reasons // [] | sort_by(.severity != "block") | .[] | "  \(.severity | told)  \(.code | told): \(.detail | told)"
        + if (.items | length) > 0 then "\n         \([.items[] | named] | join(", "))" else "" end),
    (.totals // empty | "  It touches \(.services) services and \(.processes) business processes, \(
        .vital_business_functions) of them vital business functions.")' <"$folder/answer" || fail 'the answer cannot be read'

case $verdict in
    pass) exit 0 ;;
    warn) if $strict; then exit 2; else exit 0; fi ;;
    block) exit 1 ;;
    *) fail 'the answer holds no verdict that this gate knows' ;;
esac
