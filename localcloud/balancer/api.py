"""What moto answers about load balancers, replaced where the plane knows better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.elbv2.exceptions import TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeLoadBalancer

from localcloud.patches import replace

if TYPE_CHECKING:
    from localcloud.balancer.plane import BalancerPlane


def install(plane: BalancerPlane) -> None:
    """Let `plane` speak for DescribeTargetHealth and the state in DescribeLoadBalancers."""

    def describe_target_health(
        backend: ELBv2Backend, target_group_arn: str, targets: list[dict[str, Any]]
    ) -> list[FakeHealthStatus]:
        group = backend.target_groups.get(target_group_arn)
        if group is None:
            raise TargetGroupNotFoundError()
        if targets:
            asked = [(str(target["Id"]), target.get("Port", group.port)) for target in targets]
        else:
            asked = [(str(target["Id"]), target["Port"]) for target in group.targets.values()]
            asked += plane.draining(group).items()
        answers = []
        for target_id, port in asked:
            health = plane.health(group, target_id)
            check_port = str(group.health_check_port or "traffic-port")
            answers.append(
                FakeHealthStatus(
                    instance_id=target_id,
                    port=str(port),
                    health_port=str(port) if check_port == "traffic-port" else check_port,
                    status=health.state,
                    reason=health.reason,
                    description=health.description,
                )
            )
        return answers

    def activate(balancer: FakeLoadBalancer) -> None:
        if plane.problem(balancer.arn) is not None:
            balancer.state = "failed"
        elif plane.serves(balancer.arn):
            balancer.state = "active"
        elif balancer.state == "failed":
            balancer.state = "provisioning"

    def load_balancer_state(balancer: FakeLoadBalancer) -> dict[str, str]:
        state = {"Code": balancer.state}
        problem = plane.problem(balancer.arn)
        if balancer.state == "failed" and problem is not None:
            state["Reason"] = problem
        return state

    replace(ELBv2Backend, "describe_target_health", describe_target_health)
    replace(FakeLoadBalancer, "activate", activate)
    replace(FakeLoadBalancer, "load_balancer_state", property(load_balancer_state))
