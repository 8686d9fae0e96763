#!/usr/bin/env python3
"""Load a NetBox dump (Django dumpdata JSON, NetBox 3.3 to 3.7) into Holdfast by its batch API.

Every NetBox object becomes one row with the id `ref:netbox:<model>/<pk>`, so loading again
changes nothing, and Holdfast's own ids never have to be known. README.md explains the mapping.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import sys
import time
import urllib.error
import urllib.request

from netbox_rows import KINDS, SYSTEM, Dump, Rows, check, expected, fail, read_times

MAX_ROWS, MAX_BYTES = 10_000, 16 * 1024 * 1024  # of one batch


def chunks(rows):
    """The rows in batches within the limits of the service."""
    chunk, size = [], 0
    for row in rows:
        length = len(json.dumps(row)) + 2
        if chunk and (len(chunk) == MAX_ROWS or size + length > MAX_BYTES - 4096):
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += length
    yield chunk


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):  # the token is for the host it was given for
        return None


def send(url, token, body):
    """One batch. Waits when the service is busy and says for how long; any other fault is final."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(url + "/api/v1/batch", data, method="POST", headers={
        "Content-Type": "application/json", "Accept": "application/json, application/problem+json",
        "Authorization": "Bearer " + token, "Change-Reason": "Load from NetBox"})
    for attempt in range(5):
        try:
            with urllib.request.build_opener(NoRedirect).open(request, timeout=300) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            after = e.headers.get("Retry-After", "")
            if e.code == 503 and after.isdigit() and attempt < 4:
                print(f"service busy, waiting {after} s", file=sys.stderr)
                time.sleep(min(int(after), 60))
                continue
            fail(explain(e.code, e.read(), body["rows"]))
        except (OSError, ValueError) as e:
            fail(f"no answer from {url}: {getattr(e, 'reason', e)}")


def explain(status, raw, rows):
    try:
        problem = json.loads(raw)
        lines = [f"{problem['title']} ({status} {problem.get('code', '')}): {problem.get('detail') or ''}"]
    except (ValueError, KeyError, TypeError):
        return f"the service answered {status}: {raw[:500].decode(errors='replace')}"
    errors = problem.get("errors") or []
    for error in errors[:50]:
        index = re.match(r"/rows/(\d+)", error.get("pointer") or "")
        row = f" [{rows[int(index[1])]['id']}]" if index and int(index[1]) < len(rows) else ""
        lines.append(f"  {error.get('pointer')}{row}: {error.get('code')}: {error.get('detail')}")
    if len(errors) > 50:
        lines.append(f"  and {len(errors) - 50} more")
    return "\n".join([*lines, f"  request {problem.get('request_id')}"])


def main():
    here = pathlib.Path(__file__).parent
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("dump", nargs="?", default=here / "netbox-demo-extract.json")
    p.add_argument("--url", default="http://127.0.0.1:8080")
    p.add_argument("--token", default=os.environ.get("HOLDFAST_TOKEN"), help="default: $HOLDFAST_TOKEN")
    p.add_argument("--token-file", help="a file that holds the token")
    p.add_argument("--dry-run", action="store_true", help="the service checks everything and keeps nothing")
    p.add_argument("--snapshot", action="store_true", help="what NetBox no longer holds is deleted")
    p.add_argument("--max-delete-percent", type=int, default=10, help="brake of --snapshot (default 10)")
    p.add_argument("--recovery-times", metavar="FILE", help="how long recovery takes, by device role and kind")
    p.add_argument("--print", action="store_true", help="write the rows as NDJSON and send nothing")
    p.add_argument("--expect", action="store_true", help="write the expected counts as JSON and send nothing")
    args = p.parse_args()

    try:
        dump = Dump(args.dump)
        times = read_times(args.recovery_times, dump) if args.recovery_times else {}
        made, counts = Rows(dump, times), expected(dump)
        rows = made.rows
    except KeyError as e:
        fail(f"an object in {args.dump} lacks {e}: is it a dump of NetBox 3.3 to 3.7?")
    except TypeError:
        fail(f"{args.dump} names types by number: make it with dumpdata --natural-foreign")
    if args.expect:
        return print(json.dumps(counts, indent=2))
    check(rows, counts)
    if args.print:
        return print("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    if args.token_file:
        try:
            args.token = pathlib.Path(args.token_file).read_text().strip()
        except OSError as e:
            fail(f"cannot read {args.token_file}: {e.strerror}")
    if not args.token:
        fail("no token: use --token, --token-file or HOLDFAST_TOKEN")
    print(f"{len(rows)} rows: " + ", ".join(f"{n} {kind}" for kind, n in counts.items()))
    if times and made.untimed:
        print("without a recovery time: " + ", ".join(f"{n} {kind}" for kind, n in made.untimed.items()))
    batches = list(chunks(rows))
    if len(batches) > 1 and (args.dry_run or args.snapshot):
        fail(f"{len(rows)} rows need {len(batches)} batches; a dry run or a snapshot must be a single one")
    body, total = {"mode": "atomic", "dry_run": args.dry_run}, collections.Counter()
    if args.snapshot:
        body["snapshot"] = {"system": SYSTEM, "kinds": list(KINDS)}
        body["max_delete_percent"] = args.max_delete_percent
    for batch in batches:
        total.update(send(args.url.rstrip("/"), args.token, {**body, "rows": batch})["counts"])
    print(("would be: " if args.dry_run else "") + ", ".join(f"{n} {what}" for what, n in total.items()))
    if total["failed"]:
        fail(f"{total['failed']} rows failed")


if __name__ == "__main__":
    main()
