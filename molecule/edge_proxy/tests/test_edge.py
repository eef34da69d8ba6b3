def test_x(host):
    assert host.service("haproxy").is_running
