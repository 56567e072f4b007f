"""flowdetect against the reference: the set of alerts, the number compared, the terms in the evidence, severity, order."""
import cases
from programs import Failed, shown
from report import differences
from views import rank

SEVERITY = {"iqr": "medium", "portscan": "high", "sweep": "critical", "exfil": "critical"}


def severity(detector, alert, item=""):
    """What the alert has to be called, or None."""
    if detector == "zscore":
        return "critical" if abs(alert["value"]) >= 5 else "high"
    if detector == "beacon":
        # The ratio's rule alone is critical; with the score's it depends on what is usual.
        return "critical" if "rule=jitter" in item else None
    return SEVERITY.get(detector)


def flat(alert):
    """The terms of the evidence beside the alert's own fields, which give way."""
    return {**alert, **alert.get("evidence", {}), "value": alert.get("value")}


def by_key(alerts, columns):
    """Alerts by their key; a column that an alert lacks is left out of it."""
    out = {}
    for alert in alerts:
        key = tuple(alert[c] for c in columns if c in alert)
        while key in out:
            key = (*key, "again")
        out[key] = flat(alert)
    return out


def misplaced(alerts):
    """Alerts come by value, the largest first, then by key."""
    places = [(-a["value"], *(rank(a[c]) if c in a else (0, 0) for c in ("src_ip", "dst_ip")), a.get("dst_port", 0)) for a in alerts]
    return [f"{a} before {b}" for a, b in zip(places, places[1:]) if a > b]


def expected_of(detector, item, alerts, per_flow):
    """The reference's alerts with what else has to be so."""
    if per_flow:
        return alerts
    return {k: a | ({"severity": s} if (s := severity(detector, a, item)) else {}) for k, a in alerts.items()}


def halves(expected, got):
    """Takes the lower score where one lies half way between two thousandths and the lower one came."""
    out = {}
    for key, terms in expected.items():
        terms = dict(terms)
        if terms.pop("either_way", False) and key in got:
            lower = round(terms["score"] - 0.001, 3)
            if got[key].get("score") == lower:
                terms["value"] = lower if terms["value"] == terms["score"] else terms["value"]
                terms["score"] = lower
        out[key] = terms
    return out


def check(report, programs, where, path, df, normal=None):
    """All cases over one file of flow lines; `normal` is (frame, file with the rows of describe)."""
    todo = [(c, False) for make in (cases.hosts_by_score, cases.by_count, cases.by_rhythm) for c in make(df)]
    todo += [(c, True) for c in cases.by_flow(df)]
    todo += [(c, True) for c in (cases.by_normal(df, *normal) if normal else ())]
    fired, alone = {}, {}
    for some in together(todo):
        try:
            got = programs.lines(("flowdetect", "-i", path, *(item for (_, item, _, _), _ in some)))
            alone.update({item: [a for a in got if a.get("detector") == detector] for (detector, item, _, _), _ in some})
        except Failed:
            # One item of several is to blame: each is asked alone below.
            pass
    for (detector, item, alerts, columns), per_flow in todo:
        stage = ("flowdetect", "-i", path, item)
        try:
            got = alone[item] if item in alone else programs.lines(stage)
        except Failed as failed:
            report.check(where, brief(item), [str(failed)], f"{len(alerts)} alerts", shown(stage))
            continue
        found = [f"not its own: {a}" for a in got if (a.get("kind"), a.get("detector")) != ("alert", detector)]
        got_by_key = by_key(got, columns)
        found += differences(halves(expected_of(detector, item, alerts, per_flow), got_by_key), got_by_key)
        found += misplaced(got) if not found else []
        report.check(where, brief(item), found, f"{len(alerts)} alerts", shown(stage))
        fired[detector] = fired.get(detector, 0) + len(alerts)
    report.check(where, "every detector has fired", [d for d, n in fired.items() if not n], f"{len(fired)} detectors")


def together(todo):
    """Batches in which no detector comes twice, so that one pass serves several cases."""
    batches = []
    for case in todo:
        batch = next((b for b in batches if all(case[0][0] != other[0][0] for other in b)), None)
        if batch is None:
            batches.append(batch := [])
        batch.append(case)
    return batches


def brief(item):
    """The item without the folder of its file."""
    return ",".join(part if "/" not in part else part.partition("=")[0] + "=..." for part in item.split(","))


def check_rows(report, programs, where, path):
    """Scores of rows are those of the flows that the rows were made from."""
    for view, item in (("hosts", "zscore:field=bytes"), ("hosts", "zscore:field=packets,threshold=0.5"), ("hosts:quantiles=no", "iqr"),
                       ("hosts", "mad"), ("hosts", "mad:threshold=0.7")):
        direct, piped = ("flowdetect", "-i", path, item), (("flowstat", "-i", path, view), ("flowdetect", item))
        try:
            want = {k: {"value": float(a["value"])} for k, a in by_key(programs.lines(direct), ["src_ip"]).items()}
            found = differences(want, by_key(programs.lines(*piped), ["src_ip"]))
        except Failed as failed:
            want, found = {}, [str(failed)]
        report.check(where, f"flowstat {view} | flowdetect {item}", found, f"{len(want)} alerts", shown(*piped))
