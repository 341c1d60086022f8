"""Any history of remediation: people, faults and kills at will; every incident ends, none harms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from limitwise_operator.decide import writes as made
from limitwise_operator.decide.observed import Settings
from limitwise_operator.decide.plan import plan
from limitwise_operator.decide.quantity import amount
from limitwise_operator.decide.writes import Write
from limitwise_operator.kinds.node import CONTROL_PLANE, Cordon, Told
from limitwise_operator.kinds.pod import Pod
from limitwise_operator.kinds.watch import CALM, Culprit, Fired, Pressure, Raised

from . import oracle
from .belief import Belief
from .clinic import PIDS, QUICK, policy
from .objects import node, tuning
from .world import World

NODES = [f"n{number}" for number in range(5)]
POLICIES = ["elm", "fir"]
DAY = 86400
KUBEPODS = {"name": "pods", "ceiling": {"level": "kubepods", "usedPercent": 90}}
MEDDLING = ["cordon", "uncordon", "strip", "delete", "policy", "vanish", "restart"]
DRAINS = st.fixed_dictionaries(
    {
        "when": st.sampled_from(["Always", "Always", "IfNeeded", "Never"]),
        "after": st.sampled_from(["0s", "30s"]),
        "timeout": st.sampled_from(["30s", "5m"]),
        "afterTimeout": st.sampled_from(["GiveBack", "KeepCordoned", "DeleteAfter"]),
        "deleteAfter": st.just("1m"),
    }
)
SPECS = st.fixed_dictionaries(
    {
        "triggers": st.sampled_from([[PIDS], [PIDS, KUBEPODS], [{**PIDS, "for": "30s"}, KUBEPODS]]),
        "mode": st.sampled_from([*["Enforce"] * 7, "Report"]),
        "steps": st.builds(
            lambda whole, drain: {**({} if whole else QUICK), "drain": drain}, st.booleans(), DRAINS
        ),
        "relief": st.just({"most": {"kubepods": 5000}}),
        "retries": st.fixed_dictionaries({"tries": st.integers(1, 2), "pause": st.just("1m")}),
        "escalation": st.sampled_from([{"node": "GiveBack"}, {"node": "KeepCordoned"}]),
        "budget": st.fixed_dictionaries({"maxUnavailable": st.sampled_from([1, 2, "50%"])}),
        "storm": st.fixed_dictionaries(
            {"limit": st.sampled_from(["40%", "100%", "100%"]), "cooldown": st.just("1m")}
        ),
        "cooldown": st.sampled_from(["0s", "10m"]),
        "pauseRequests": st.sampled_from([*[[]] * 7, ["upgrade"]]),
        "keep": st.sampled_from([0, 2, 100]),
    }
)


class HospitalMachine(RuleBasedStateMachine):
    """The operator sees and writes only in part, and is killed after any write."""

    @initialize(
        whole=st.sampled_from([1, 2, "100%"]),
        specs=st.lists(SPECS, min_size=1, max_size=2),
        control=st.integers(0, 2),
    )
    def begin(self, whole: int | str, specs: list[dict[str, Any]], control: int) -> None:
        self.world = World(Settings(max_unavailable=whole, own_node="n1", delete_pods=True))
        self.world.lingers = True
        self.belief = Belief(self.world)
        self.born = 0
        self.theirs: set[str] = set()
        """Nodes that somebody else has cordoned before we came."""
        for number, name in enumerate(NODES):
            self.join(name, number < control)
        self.world.put_tuning(tuning("t", rollout={"soak": "0s", "maxUnavailable": "100%"}))
        for name, spec in zip(POLICIES, specs, strict=False):
            self.write_policy(name, spec)
        self.belief.listed()

    # --- nodes ---------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NODES), control=st.booleans())
    def join(self, name: str, control: bool) -> None:
        if name in self.world.nodes:
            return
        self.born += 1
        labels = {"name": name, **({CONTROL_PLANE: ""} if control else {})}
        self.world.nodes[name] = replace(node(name, labels=labels), uid=f"{name}-{self.born}")
        self.world.pods[name] = [
            Pod("apps", f"web-{self.born}", f"pod-{self.born}", name, "ReplicaSet"),
            Pod("apps", f"db-{self.born}", f"db-{self.born}", name, "StatefulSet"),
        ]
        self.theirs.discard(name)

    @rule(name=st.sampled_from(NODES))
    def vanish(self, name: str) -> None:
        self.world.remove_node(name)
        self.theirs.discard(name)

    @rule(name=st.sampled_from(NODES), ready=st.booleans())
    def turn(self, name: str, ready: bool) -> None:
        self._change(name, ready=ready)

    @rule(name=st.sampled_from(NODES), ill=st.booleans())
    def condition(self, name: str, ill: bool) -> None:
        told = Told("PIDPressure", "True", int(self.world.now.timestamp()))
        before = self.world.nodes.get(name)
        if before is not None and ill != bool(before.conditions):
            self._change(name, conditions=(told,) if ill else ())

    @rule(
        names=st.sets(st.sampled_from(NODES), min_size=1),
        cordoned=st.booleans(),
        protected=st.booleans(),
        before=st.integers(0, 5),
        meddling=st.sampled_from(["", "", *MEDDLING]),
        after=st.integers(1, 9),
        ok=st.booleans(),
    )
    def epidemic(
        self,
        names: set[str],
        cordoned: bool,
        protected: bool,
        before: int,
        meddling: str,
        after: int,
        ok: bool,
    ) -> None:
        """Nodes fall ill anew; somebody meddles while the operator sees to it."""
        first = min(names)
        self.cordon(first, cordoned)
        self.protect(first, protected)
        for name in sorted(names):
            self._change(name, ready=True, conditions=())
            self.condition(name, True)
        for _pass in range(before):
            self.work(1, ok)
        self._meddle(meddling, first)
        self.work(after, ok)

    def _meddle(self, how: str, name: str) -> None:
        match how:
            case "cordon" | "uncordon":
                self.cordon(name, how == "cordon")
            case "strip":
                self.strip(name)
            case "delete":
                for one in sorted(self.world.remediations):
                    if self.world.remediations[one].spec.node == name:
                        self.world.delete_remediation(one)
            case "policy":
                for one in sorted(self.world.policies):
                    self.delete_policy(one)
            case "vanish":
                self.vanish(name)
                self.join(name, False)
            case "restart":
                self.operate(0.5)
                self.restart_operator()

    @rule(
        name=st.sampled_from(NODES),
        spent=st.booleans(),
        relieved=st.booleans(),
        leak=st.sampled_from(["", "db", "gone"]),
        calm=st.booleans(),
    )
    def pressure(self, name: str, spent: bool, relieved: bool, leak: str, calm: bool) -> None:
        state = self.world.states.get(name)
        if state is None or state.spec.watch is None:
            return
        ids = [one.id for one in state.spec.watch.ceilings]
        if calm or not ids:
            self.world.presses(name, CALM)
            return
        pods = [one for one in self.world.pods.get(name, ()) if one.name.startswith(leak or "?")]
        uid = pods[0].uid if pods else leak
        raised = (Raised("kubepods.slice", "1000", "2000"),) if relieved else ()
        self.world.presses(
            name,
            Pressure(
                tuple(Fired(one, self.world.now, "kubepods", "", 1000, 970) for one in ids),
                raised,
                spent=spent,
                relieved=self.world.now if relieved else None,
                culprit=Culprit("Pod", uid, tasks=900) if leak else None,
            ),
        )

    # --- people ----------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NODES), cordoned=st.booleans())
    def cordon(self, name: str, cordoned: bool) -> None:
        before = self.world.nodes.get(name)
        if before is None or before.unschedulable == cordoned:
            return
        self._change(name, unschedulable=cordoned)
        # Under a note of ours, who cordons again between two looks is not seen but by the note.
        if cordoned and (before.cordon is None or before.cordon.unschedulable_before):
            self.theirs.add(name)
        else:
            self.theirs.discard(name)

    @rule(name=st.sampled_from(NODES))
    def strip(self, name: str) -> None:
        """Somebody takes off all that is ours and puts the node back in service."""
        self._change(name, unschedulable=False, drain_taint=False, cordon=None)
        self.theirs.discard(name)

    @rule(name=st.sampled_from(POLICIES), spec=SPECS)
    def write_policy(self, name: str, spec: dict[str, Any]) -> None:
        before = self.world.policies.get(name)
        if before is None or not before.deleting:
            self.world.put_policy(policy(name, **spec))

    @rule(name=st.sampled_from(POLICIES))
    def delete_policy(self, name: str) -> None:
        if name in self.world.policies:
            self.world.delete_policy(name)

    @rule(number=st.integers(0, 20))
    def delete_incident(self, number: int) -> None:
        names = sorted(self.world.remediations)
        if names:
            self.world.delete_remediation(names[number % len(names)])

    @rule(name=st.sampled_from(NODES), protect=st.booleans())
    def protect(self, name: str, protect: bool) -> None:
        for pod in self.world.pods.get(name, ()):
            if protect:
                self.world.protected[pod.uid] = "PodDisruptionBudget web: not now"
            else:
                self.world.protected.pop(pod.uid, None)

    # --- agents, time, operator ------------------------------------------------------------------

    @rule(name=st.sampled_from(NODES), ok=st.sampled_from([True, True, False]))
    def answer(self, name: str, ok: bool) -> None:
        self.world.agent(name)
        self.world.answer(name, ok)

    @rule(name=st.sampled_from(NODES))
    def kubelet(self, name: str) -> None:
        if name in self.world.nodes:
            self.world.kubelet(name)

    @rule(seconds=st.sampled_from([1, 31, 61, 301, 1801]))
    def wait(self, seconds: int) -> None:
        self.world.tick(seconds)

    @rule(seconds=st.sampled_from([-30, -90, -3600, -30 * DAY, 3600, DAY]))
    def set_clock(self, seconds: int) -> None:
        """Somebody sets it: what was written before may be of the future now, or long over."""
        self.world.tick(seconds)

    @rule(name=st.sampled_from([*NODES, *POLICIES]))
    def news(self, name: str) -> None:
        self.belief.told(name)

    @rule()
    def restart_operator(self) -> None:
        self.belief.listed()

    @rule(part=st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0]))
    def operate(self, part: float) -> None:
        """A pass that sees what it believes and may be killed after any write."""
        observed = self.belief.observed()
        writes = plan(observed)
        assert plan(observed) == writes
        self._carry_out(writes[: round(part * len(writes))])

    @rule(passes=st.integers(1, 6), ok=st.booleans())
    def work(self, passes: int, ok: bool) -> None:
        """Undisturbed passes after which agents and kubelets do what they do."""
        for _pass in range(passes):
            self.belief.listed()
            self.operate(1.0)
            for name, one in self.world.nodes.items():
                if one.ready:
                    self.world.agent(name)
                    self.world.answer(name, ok)
                    self.world.kubelet(name)
            self.world.tick(7)

    def _change(self, name: str, **fields: Any) -> None:
        if name in self.world.nodes:
            self.world.nodes[name] = replace(self.world.nodes[name], **fields)

    # --- what must hold at every write -----------------------------------------------------------

    def _carry_out(self, writes: tuple[Write, ...]) -> None:
        believed = self.belief.observed()
        for write in writes:
            self._harmless(write)
        before = {name: self._inside(name) for name in POLICIES}
        whole = self._busy()
        self.belief.carry_out(writes)
        most = max(1, oracle.limit(self.world.settings.max_unavailable, len(believed.nodes)))
        assert len(self._busy()) <= max(most, len(whole)), (self._busy(), most)
        for name in POLICIES:
            one = believed.policies.get(name)
            here = self._inside(name)
            if one is None:
                assert here <= before[name]
                continue
            limit = amount(one.rules.limits.max_unavailable).of(len(believed.nodes))
            assert len(here) <= limit or here <= before[name], (name, here, limit)
        self._kept()

    def _harmless(self, write: Write) -> None:
        """Only pods of the node that is meant, and only for an incident that goes on."""
        if not isinstance(write, (made.EvictPod, made.DeletePod)):
            return
        there = {pod.uid: name for name, pods in self.world.pods.items() for pod in pods}
        assert there.get(write.uid, write.node) == write.node
        incidents = [
            one
            for one in self.belief.remediations.values()
            if one.spec.node == write.node and not one.finished
        ]
        assert incidents, "nobody is evicted but for an incident"

    def _inside(self, policy_name: str) -> set[str]:
        return {
            one.spec.node
            for one in self.world.remediations.values()
            if not one.finished and one.spec.policy == policy_name and self._there(one)
        }

    def _busy(self) -> set[str]:
        every = {
            one.spec.node
            for one in self.world.remediations.values()
            if not one.finished and self._there(one)
        }
        return every | oracle.moving(self.world)

    def _there(self, one: Any) -> bool:
        found = self.world.nodes.get(one.spec.node)
        return found is not None and found.uid == one.spec.node_uid

    def _kept(self) -> None:
        for name in self.theirs:
            assert self.world.nodes[name].unschedulable, f"the cordon of {name} was not ours"
        unfinished = [one for one in self.world.remediations.values() if not one.finished]
        nodes = [one.spec.node for one in unfinished if self._there(one)]
        assert len(nodes) == len(set(nodes)), "two incidents of one node"

    # --- in the end ------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Faults stop: every incident ends, and no node is out of service for nothing."""
        if not hasattr(self, "world"):
            return
        world = self.world
        world.protected.clear()
        for name in list(world.nodes):
            self.turn(name, True)
            self._change(name, conditions=())
            world.presses(name, CALM)
        for name, state in list(world.states.items()):
            if name not in world.nodes:
                del world.states[name]
            assert state.name == name
        for _step in range(400):
            self.belief.listed()
            writes = plan(self.belief.observed())
            self._carry_out(writes)
            for name in world.nodes:
                world.agent(name)
                world.answer(name)
                world.kubelet(name)
            world.tick(17)
            self.belief.listed()
            ended = all(one.finished for one in world.remediations.values())
            if ended and not plan(self.belief.observed()):
                break
        else:
            raise AssertionError(f"no rest: {world.remediations} {plan(self.belief.observed())}")
        self._settled()

    def _settled(self) -> None:
        world = self.world
        assert not any(one.deleting for one in world.policies.values())
        assert not any(one.deleting for one in world.remediations.values())
        assert not any(one.finalizers for one in world.remediations.values())
        for name, there in world.nodes.items():
            if name in self.theirs:
                assert there.unschedulable
            if there.cordon is None:
                assert not there.drain_taint
                assert there.unschedulable == (name in self.theirs)
                continue
            self._out_for_a_reason(there.cordon)
        for name, state in world.states.items():
            if name in world.nodes:
                assert state.spec.incident == ""
                assert state.spec.task is None

    def _out_for_a_reason(self, note: Cordon) -> None:
        """A node that stays cordoned by us is one for which nothing helped."""
        name = note.by.removeprefix("NodeRemediation/")
        assert name in self.world.remediations
        assert self.world.remediations[name].status.phase == "Escalated"
