// Typed use of Holdfast with the types that run.sh generates; it is compiled, not run.
import type { components, operations } from "./holdfast";

type Site = components["schemas"]["Site"];
type SiteDraft = components["schemas"]["SiteDraft"];
type SitePatch = components["schemas"]["SitePatch"];
type Problem = components["schemas"]["Problem"];
type SiteList = operations["list_sites"]["responses"][200]["content"]["application/json"];
type SiteFilter = NonNullable<operations["list_sites"]["parameters"]["query"]>;

class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.title} (${problem.code})`);
  }
}

class Holdfast {
  constructor(readonly url: string, readonly token: string) {}

  async call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Refused((await answer.json()) as Problem);
    const value = answer.status === 204 ? undefined : await answer.json();
    return { value: value as T, etag: answer.headers.get("etag") ?? "" };
  }

  sites = {
    list: (filter: SiteFilter) => {
      const query = Object.entries(filter).map(([name, value]) => [name, String(value)]);
      return this.call<SiteList>("GET", `/sites?${new URLSearchParams(query)}`);
    },
    create: (draft: SiteDraft) => this.call<Site>("POST", "/sites", draft),
    patch: (ref: string, patch: SitePatch, etag: string) =>
      this.call<Site>("PATCH", `/sites/${encodeURIComponent(ref)}`, patch, { "if-match": etag }),
    delete: (ref: string) => this.call<void>("DELETE", `/sites/${encodeURIComponent(ref)}`),
  };
}

export async function tour(url: string, token: string): Promise<string[]> {
  const holdfast = new Holdfast(url, token);
  const draft: SiteDraft = { name: "Harbour office", kind: "office", country: "DE" };
  const { value: site, etag } = await holdfast.sites.create(draft);
  try {
    const patched = await holdfast.sites.patch(site.id, { description: "on the quay" }, etag);
    const version: number = patched.value.version;
    const { value: page } = await holdfast.sites.list({ limit: 10, sort: "name" });
    const seq: number = page.seq;
    return [`version ${version}`, `position ${seq}`, ...page.items.map((s) => `${s.key} ${s.name}`)];
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    return (fault.problem.errors ?? []).map((e) => `${e.pointer}: ${e.code}: ${e.detail}`);
  } finally {
    await holdfast.sites.delete(site.id);
  }
}

// What the types must refuse: a site without its name, a kind that is not one, a field of the service.
// @ts-expect-error
export const nameless: SiteDraft = { kind: "office" };
// @ts-expect-error
export const unknownKind: SiteDraft = { name: "x", kind: "castle" };
// @ts-expect-error
export const readOnly: SiteDraft = { name: "x", kind: "office", version: 3 };
