from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from localcloud.balancer.actions import rule_lines
from localcloud.balancer.draining import left
from localcloud.balancer.health import CHECKING, HEALTHY, REGISTERING, Health, health_of
from localcloud.balancer.model import (
    Condition,
    FixedResponse,
    Forward,
    HealthCheck,
    Listener,
    LoadBalancer,
    Redirect,
    Rule,
    Target,
    TargetGroup,
    Wanted,
)
from localcloud.balancer.render import Files, checked_servers, render
from localcloud.balancer.words import wildcard, word
from localcloud.haproxy import Server, server_states
from localcloud.pki import Authority

GROUP = TargetGroup(
    arn="arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef",
    backend="web-0123456789abcdef",
    targets=(Target("i-1", "127.66.1.1", 8080), Target("i-2", "127.66.1.2", 8080)),
    health_check=HealthCheck(path="/health", interval_seconds=10, healthy_threshold=3, codes="200-299"),
    idle_timeout_seconds=300,
)
FORWARD = Forward(((GROUP.backend, 1),))


def _balancer(*rules: Rule, protocol: str = "HTTP", certificates: tuple[str, ...] = ()) -> LoadBalancer:
    return LoadBalancer(
        arn="arn:web",
        name="web",
        address="127.66.1.10",
        dns_name="web-1.us-east-1.elb.amazonaws.com",
        listeners=(Listener(8443, protocol, rules or (Rule((), FORWARD),), certificates),),
        idle_timeout_seconds=300,
        drop_invalid_headers=True,
    )


def _files(directory: Path) -> Files:
    (directory / "502.http").write_text("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", newline="")
    (directory / "states").write_text("1\n")
    return Files(directory / "states", directory / "502.http")


def _accepted(config: str, directory: Path) -> None:
    file = directory / "haproxy.cfg"
    file.write_text(config)
    checked = subprocess.run(["haproxy", "-c", "-f", str(file)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr, checked.stderr


def test_https_listener_with_rules_is_accepted(tmp_path: Path) -> None:
    certificate = Authority(tmp_path / "pki").issue("web", ["web.amazonaws.com"])
    balancer = _balancer(
        Rule((Condition("path-pattern", ("/old*", "/a b?")),), Redirect(protocol="HTTPS", port="443")),
        Rule(
            (Condition("host-header", ("*.example.test",)),),
            FixedResponse(404, "application/json", '{"a":1}'),
        ),
        Rule((Condition("http-request-method", ("GET", "HEAD")),), FORWARD),
        Rule((Condition("source-ip", ("10.0.0.0/8",)),), Redirect(302, query="x=%41&y=#{host}")),
        Rule((), Forward(((GROUP.backend, 90), ("other", 10)))),
        protocol="HTTPS",
        certificates=(str(certificate),),
    )
    other = replace(GROUP, backend="other", arn="arn:other", targets=(), health_check=None, protocol="HTTPS")
    config = render(Wanted((balancer,), (GROUP, other)), _files(tmp_path))
    _accepted(config, tmp_path)
    assert f'ssl crt "{certificate}" ssl-min-ver TLSv1.2' in config
    assert "timeout client 300s" in config
    assert "rise 3 fall 2" in config
    assert "http-check expect status 200-299" in config


def test_same_state_renders_the_same_text(tmp_path: Path) -> None:
    wanted = Wanted((_balancer(),), (GROUP,))
    assert render(wanted, _files(tmp_path)) == render(wanted, _files(tmp_path))


def test_first_rule_wins_whatever_its_action() -> None:
    lines = rule_lines(
        [Rule((Condition("path-pattern", ("/a",)),), FORWARD), Rule((), FixedResponse())], "http", 80
    )
    chosen = [line for line in lines if "set-var(txn.rule)" in line]
    assert chosen == [
        "http-request set-var(txn.rule) int(0) if rule0_0 !{ var(txn.rule) -m found }",
        "http-request set-var(txn.rule) int(1) if !{ var(txn.rule) -m found }",
    ]
    assert "http-request return status 503 if { var(txn.rule) -m int 1 }" in lines


def test_redirect_takes_the_placeholders_and_leaves_percent_signs_alone() -> None:
    rule = Rule((), Redirect(protocol="HTTPS", port="443", path="/#{path}/100%", query=""))
    assert rule_lines([rule], "http", 80)[-1] == (
        'http-request redirect location "https://%[var(txn.host)]:443/%[var(txn.path)]/100%%" code 301 '
        "if { var(txn.rule) -m int 0 }"
    )


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_foreign_text_never_leaves_its_line(body: str, path: str, host: str) -> None:
    assume("#{" not in body)  # a placeholder, which takes a line more
    rules = [
        Rule(
            (Condition("path-pattern", (path,)), Condition("host-header", (host,))),
            FixedResponse(200, body=body),
        ),
        Rule((), Redirect(host=host, path=path, query=body)),
    ]
    balancer = replace(_balancer(*rules), dns_name=body)
    harmless = [
        Rule(
            (Condition("path-pattern", ("x",)), Condition("host-header", ("x",))),
            FixedResponse(200, body="x"),
        ),
        Rule((), Redirect(host="x", path="/x", query="x" if body else "")),
    ]
    files = Files(Path("/states"), Path("/502"))
    expected = render(Wanted((_balancer(*harmless),)), files)
    assert len(render(Wanted((balancer,)), files).split("\n")) == len(expected.split("\n"))


@given(st.text(max_size=40))
def test_words_have_no_open_quotes(text: str) -> None:
    inner = word(text)[1:-1].replace("\\\\", "").replace('\\"', "")
    assert '"' not in inner
    assert not inner.endswith("\\")


def test_words_keep_line_breaks_as_escapes() -> None:
    assert word('a\r\n"$\\\x07') == r'"a\n\"\$\\"'


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("/a*", "^/a.*$"), ("/a?c", "^/a.c$"), ("/a.b", r"^/a\.b$"), ("*.example.com", r"^.*\.example\.com$")],
)
def test_wildcards(pattern: str, expected: str) -> None:
    assert wildcard(pattern) == expected


def test_new_servers_begin_down_and_known_ones_as_they_were() -> None:
    found = "1\n# columns\n3 web 1 a_80 10.0.0.1 2 0 1 1 9 6 3 4 6 0 0 0 - 80 - 0 0 - - 0\n"
    servers = [Server("web", "a_80", "10.0.0.1", 80, 3), Server("web", "b_80", "10.0.0.2", 80, 3)]
    lines = server_states(found, servers).splitlines()
    assert lines[:3] == found.splitlines()
    assert lines[3].split()[:6] == ["1", "web", "1", "b_80", "10.0.0.2", "1"]
    assert len(lines[3].split()) == len(lines[2].split())
    assert len(lines) == 4


def test_checked_servers_leave_out_groups_without_checks() -> None:
    wanted = Wanted((), (GROUP, replace(GROUP, backend="b", health_check=None)))
    assert [server.backend for server in checked_servers(wanted)] == [GROUP.backend] * 2


CHECK = HealthCheck()


@pytest.mark.parametrize(
    ("row", "unproven", "expected"),
    [
        (None, True, REGISTERING),
        ({"status": "UP", "check_status": "L7OK"}, False, HEALTHY),
        ({"status": "UP 1/2", "check_status": "L4CON"}, False, HEALTHY),
        ({"status": "DOWN", "check_status": "L4CON"}, True, CHECKING),
        (
            {"status": "DOWN", "check_status": "L4CON"},
            False,
            Health("unhealthy", "Target.FailedHealthChecks", "Health checks failed"),
        ),
        (
            {"status": "DOWN", "check_status": "* L7TOUT"},
            False,
            Health("unhealthy", "Target.Timeout", "Request timed out"),
        ),
        (
            {"status": "DOWN 1/3", "check_status": "L7STS", "check_code": "503"},
            False,
            Health(
                "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"
            ),
        ),
    ],
)
def test_health_in_the_words_of_elb(row: dict[str, str] | None, unproven: bool, expected: Health) -> None:
    assert health_of(row, CHECK, unproven) == expected


def test_targets_that_left_a_living_group_drain() -> None:
    smaller = replace(GROUP, targets=GROUP.targets[:1])
    assert left([GROUP], [smaller]) == [(smaller, GROUP.targets[1])]
    assert left([GROUP], [GROUP]) == []
    assert left([GROUP], []) == []
