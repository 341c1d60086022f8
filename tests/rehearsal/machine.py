"""Any history of a cluster: budgets hold at every write, plans are repeatable, all ends well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from limitwise_operator.decide import writes as made
from limitwise_operator.decide.observed import Settings
from limitwise_operator.decide.plan import plan
from limitwise_operator.decide.writes import Write
from limitwise_operator.kinds import conditions
from limitwise_operator.kinds.meta import ENFORCE
from limitwise_operator.kinds.node_tuning import NodeTuning
from limitwise_operator.kinds.pod import Pod

from . import oracle
from .belief import Belief, after_all
from .objects import node, tuning
from .world import World

NODES = [f"n{number}" for number in range(6)]
NAMES = ["apple", "birch", "cedar"]
DOCUMENTS: list[dict[str, Any]] = [
    {"sysctl": {"kernel.pid_max": 100000}},
    {"sysctl": {"kernel.pid_max": 200000, "fs.file-max": 500000}},
    {"sysctl": {"kernel.pid_max": 200000, "vm.max_map_count": 262144}},
    {"sysctl": {"fs.file-max": 600000}, "docker_daemon": {"live-restore": True}},
    {"docker_daemon": {"live-restore": False}},
    {},
]
INVALID = {"sysctl": {"kernel.pid_max": "many"}}
SELECTORS: list[dict[str, Any]] = [
    {"all": True},
    {"matchLabels": {"pool": "blue"}},
    {"matchExpressions": [{"key": "pool", "operator": "NotIn", "values": ["blue"]}]},
]
POOLS = st.sampled_from(["blue", "red"])
SPECS = st.fixed_dictionaries(
    {
        "nodeSelector": st.sampled_from(SELECTORS),
        "priority": st.sampled_from([0, 0, 0, 10]),
        "mode": st.sampled_from(["Enforce", "Enforce", "Enforce", "Report"]),
        "onDelete": st.sampled_from(["Restore", "Restore", "Keep"]),
        "disruption": st.fixed_dictionaries(
            {"restart": st.sampled_from(["Never", "Allowed", "AfterDrain"])}
        ),
        "rollout": st.fixed_dictionaries(
            {
                "canary": st.sampled_from([0, 1, 2, "50%"]),
                "maxUnavailable": st.sampled_from([1, 2, "10%", "50%"]),
                "poolLabel": st.sampled_from(["", "pool"]),
                "soak": st.sampled_from(["0s", "30s", "5m"]),
                "failureThreshold": st.sampled_from([1, 2]),
                "paused": st.sampled_from([False, False, False, True]),
            }
        ),
    }
)
# What makes room within a plan; what it makes room for is the next plan's.
FREEING = (made.UncordonNode, made.DeleteState, made.RemoveFinalizer)


class ClusterMachine(RuleBasedStateMachine):
    """People, nodes, agents and faults act at will; the operator sees and writes only in part."""

    @initialize(
        whole=st.sampled_from([1, 2, "30%", "100%"]),
        pools=st.lists(POOLS, min_size=2, max_size=len(NODES)),
        tunings=st.lists(st.tuples(st.sampled_from(DOCUMENTS), SPECS), min_size=1, max_size=3),
    )
    def begin(
        self, whole: int | str, pools: list[str], tunings: list[tuple[dict[str, Any], Any]]
    ) -> None:
        self.world = World(Settings(max_unavailable=whole))
        self.belief = Belief(self.world)
        self.kept: dict[str, NodeTuning] = {}
        self.born = 0
        for name, pool in zip(NODES, pools, strict=False):
            self.join(name, pool, False)
        for name, (document, spec) in zip(NAMES, tunings, strict=False):
            self.write_tuning(name, document, spec)
        self.belief.listed()

    # --- nodes ---------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NODES), pool=POOLS, fresh=st.booleans())
    def join(self, name: str, pool: str, fresh: bool) -> None:
        if name in self.world.nodes:
            return
        self.born += 1
        labels = {"pool": pool}
        one = node(name, labels=labels, startup_taint=fresh)
        self.world.nodes[name] = replace(one, uid=f"{name}-{self.born}")
        pods = [Pod("apps", f"web-{self.born}", f"pod-{self.born}", name, "ReplicaSet")]
        self.world.pods[name] = pods

    @rule(name=st.sampled_from(NODES), late=st.booleans())
    def vanish(self, name: str, late: bool) -> None:
        state = self.world.states.get(name)
        self.world.remove_node(name)
        if late and state is not None:
            # The garbage collector takes its time: the old state meets a new node of that name.
            self.world.states[name] = state

    @rule(name=st.sampled_from(NODES), replaced=st.booleans())
    def replace_node(self, name: str, replaced: bool) -> None:
        """Another machine under the same name, before or after its old state is collected."""
        self.vanish(name, replaced)
        self.join(name, "blue", True)

    @rule(name=st.sampled_from(NODES), bare=st.booleans())
    def block(self, name: str, bare: bool) -> None:
        """Pods that nothing makes again keep a node from being drained."""
        controller = "" if bare else "ReplicaSet"
        pods = [replace(one, controller=controller) for one in self.world.pods.get(name, [])]
        if name in self.world.nodes:
            self.world.pods[name] = pods or [Pod("apps", "x", f"x-{name}", name, controller)]

    @rule(name=st.sampled_from(NODES), ready=st.booleans())
    def turn(self, name: str, ready: bool) -> None:
        if name in self.world.nodes:
            self.world.nodes[name] = replace(self.world.nodes[name], ready=ready)

    @rule(name=st.sampled_from(NODES), cordoned=st.booleans())
    def cordon(self, name: str, cordoned: bool) -> None:
        if name in self.world.nodes:
            self.world.nodes[name] = replace(self.world.nodes[name], unschedulable=cordoned)

    @rule(name=st.sampled_from(NODES), pool=POOLS)
    def relabel(self, name: str, pool: str) -> None:
        if name in self.world.nodes:
            self._leaves_with_keep(name)
            self.world.nodes[name] = replace(self.world.nodes[name], labels={"pool": pool})

    # --- people ----------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES), document=st.sampled_from(DOCUMENTS), spec=SPECS)
    def write_tuning(self, name: str, document: dict[str, Any], spec: dict[str, Any]) -> None:
        before = self.world.tunings.get(name)
        if before is None or not before.deleting:
            self._may_be_kept(name)
            one = tuning(name, document, **spec)
            self.world.put_tuning(one if before else replace(one, finalizers=()))
            self._may_be_kept(name)

    @rule(name=st.sampled_from(NAMES))
    def spoil(self, name: str) -> None:
        before = self.world.tunings.get(name)
        if before is not None and not before.deleting:
            self.world.put_tuning(replace(before, tuning=INVALID, content=""))

    @rule(name=st.sampled_from(NAMES))
    def retry(self, name: str) -> None:
        before = self.world.tunings.get(name)
        if before is not None and not before.deleting:
            again = replace(before.rollout, retry=before.rollout.retry + 1)
            self.world.put_tuning(replace(before, rollout=again))

    @rule(name=st.sampled_from(NAMES))
    def delete_tuning(self, name: str) -> None:
        if name in self.world.tunings:
            self._may_be_kept(name)
            self.world.delete_tuning(name)

    def _may_be_kept(self, name: str) -> None:
        before = self.world.tunings.get(name)
        if before is not None and oracle.keeps(before):
            self.kept[name] = before

    def _leaves_with_keep(self, _node: str) -> None:
        for name in self.world.tunings:
            self._may_be_kept(name)

    # --- agents, time, operator ------------------------------------------------------------------

    @rule(name=st.sampled_from(NODES), ok=st.sampled_from([True, True, True, False]))
    def report(self, name: str, ok: bool) -> None:
        self.world.agent(name, ok)

    @rule(seconds=st.sampled_from([1, 31, 301, 601, 3601]))
    def wait(self, seconds: int) -> None:
        self.world.tick(seconds)

    @rule(name=st.sampled_from([*NODES, *NAMES]))
    def news(self, name: str) -> None:
        self.belief.told(name)

    @rule()
    def restart_operator(self) -> None:
        self.belief.listed()

    @rule(part=st.sampled_from([0.0, 0.3, 0.6, 0.9, 1.0]))
    def operate(self, part: float) -> None:
        """A pass that sees what it believes and may be killed after any write."""
        observed = self.belief.observed()
        writes = plan(observed)
        assert plan(observed) == writes
        self._repeatable(observed, writes)
        self._carry_out(writes[: round(part * len(writes))])

    @rule(passes=st.integers(1, 4), bad=st.sampled_from(["", "", *NODES]))
    def work(self, passes: int, bad: str) -> None:
        """Undisturbed passes after which agents report, all well but one."""
        for _pass in range(passes):
            self.belief.listed()
            self.operate(1.0)
            for name, one in self.world.nodes.items():
                if one.ready:
                    self.world.agent(name, name != bad)
            self.world.tick(40)

    def _repeatable(self, observed: Any, writes: tuple[Write, ...]) -> None:
        for _round in range(4):
            observed = after_all(observed, writes)
            writes, before = plan(observed), writes
            if not writes:
                return
            assert any(_frees(write) for write in before), (before, writes)
        raise AssertionError(f"still something to do after making room: {writes}")

    def _carry_out(self, writes: tuple[Write, ...]) -> None:
        """With the budgets counted before and after, by what is really so."""
        believed = self.belief.observed()
        before = {name: oracle.unresolved(self.world, name) for name in believed.tunings}
        whole = oracle.moving(self.world)
        most = max(1, oracle.limit(self.world.settings.max_unavailable, len(believed.nodes)))
        self.belief.carry_out(writes)
        assert len(oracle.moving(self.world)) <= max(most, len(whole))
        for name, one in believed.tunings.items():
            for pool, members in oracle.pools(one, believed).items():
                limit = oracle.limit(one.rollout.max_unavailable, len(members))
                here = oracle.moving(self.world, name) & members
                were = before[name] & members
                assert len(here) <= limit or here <= were, (name, pool, limit, here, were)

    # --- in the end ------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Faults stop, people tidy up: everything must come to rest, and as it should be."""
        if not hasattr(self, "world"):
            return
        world = self.world
        for name in NODES:
            self.turn(name, True)
            self.block(name, False)
        for name, state in list(world.states.items()):
            if name not in world.nodes:
                del world.states[name]
            assert state.name == name
        for one in list(world.tunings.values()):
            self._mend(one)
        self.belief.listed()
        for _step in range(600):
            writes = plan(self.belief.observed())
            self._carry_out(writes)
            self.belief.listed()
            for name in world.nodes:
                world.agent(name)
                if world.nodes[name].cordon is None:
                    self.cordon(name, False)
            self.belief.listed()
            world.tick(61)
            # Soaks end by time alone: rest is when nothing more is wanted, not a quiet moment.
            ready = all(_ready(one) for one in world.tunings.values())
            if not writes and ready and not plan(self.belief.observed()):
                break
        else:
            raise AssertionError(f"no rest: {world.tunings} {plan(self.belief.observed())}")
        self._settled()

    def _mend(self, one: NodeTuning) -> None:
        rollout = replace(
            one.rollout, paused=False, retry=one.rollout.retry + 1, failure_threshold=100
        )
        document = one.tuning if one.tuning != INVALID else DOCUMENTS[0]
        fixed = replace(one, rollout=rollout, tuning=document, content="")
        if one.deleting:
            self.world.tunings[one.name] = replace(fixed, resource_version=self.world._next())
        else:
            self.world.put_tuning(fixed)

    def _settled(self) -> None:
        world = self.world
        assert not any(one.deleting for one in world.tunings.values())
        for name, there in world.nodes.items():
            oracle.check_values(world, name, self.kept)
            assert not (there.startup_taint)
            assert not (there.drain_taint)
            assert not (there.unschedulable)
            assert there.cordon is None
        for one in world.tunings.values():
            counts = one.status.nodes
            assert _ready(one), one
            if one.mode == ENFORCE:
                assert counts.current == counts.matched
            for conflict in one.status.conflicts:
                back = world.tunings[conflict.other].status.conflicts
                assert any((c.key, c.other) == (conflict.key, one.name) for c in back)


def _ready(one: NodeTuning) -> bool:
    ready = conditions.find(one.status.conditions, "Ready")
    return ready is not None and ready.true


def _frees(write: Write) -> bool:
    return isinstance(write, FREEING) or (
        isinstance(write, made.ReplaceStateSpec) and write.spec.restart is None
    )
