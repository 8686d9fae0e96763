"""PostgreSQL falls silent: its processes are frozen, or the network between carries nothing and nothing is reset."""

from common.outage import Outage
from common.proxy import Proxy

DATABASES = ("postgres",)


def run(stage):
    cluster = stage.cluster()
    proxy = stage.stack.enter_context(Proxy(cluster.port))
    service = stage.service(cluster.url_of("holdfast", proxy.port))
    stage.prepare(service)
    seconds = 6 if stage.short else 15
    troubles = [
        ("frozen", cluster.freeze, cluster.thaw),
        ("network silent, then resumed", proxy.silence, lambda: proxy.speak(forget=False)),
        ("network silent, connections lost", proxy.silence, proxy.speak),
    ]
    for words, trouble, mend in troubles[1:2] if stage.short else troubles:
        outage = Outage(stage, service, words)
        outage.play(trouble, mend, seconds)
        outage.answers(["write", "read"])
        outage.is_told()
        outage.lives()
        outage.is_back(["write", "read", "/readyz"])
        stage.recover(service, words)
    stage.conclude(service)
