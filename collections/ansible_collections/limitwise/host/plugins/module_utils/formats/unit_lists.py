# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which unit directives add up: each assignment adds to a list, an empty one starts it anew.

For every other directive the last assignment is the value. Sources: systemd.unit(5),
systemd.exec(5), systemd.service(5), systemd.socket(5), systemd.timer(5), systemd.path(5),
systemd.resource-control(5); systemd 257.
"""

from __future__ import annotations

_UNIT = """
After Before BindsTo Conflicts Documentation JoinsNamespaceOf OnFailure OnSuccess PartOf
PropagatesReloadTo PropagatesStopTo ReloadPropagatedFrom Requires RequiresMountsFor Requisite
StopPropagatedFrom Upholds Wants WantsMountsFor
"""
_INSTALL = "Alias Also RequiredBy UpheldBy WantedBy"
_EXEC = """
AmbientCapabilities BindPaths BindReadOnlyPaths CPUAffinity CacheDirectory CapabilityBoundingSet
ConfigurationDirectory Environment EnvironmentFile ExecPaths ExtensionDirectories ExtensionImages
ImportCredential InaccessiblePaths LoadCredential LoadCredentialEncrypted LogExtraFields
LogFilterPatterns LogsDirectory MountImages NFTSet NUMAMask NoExecPaths PassEnvironment
ReadOnlyPaths ReadWritePaths RestrictAddressFamilies RestrictFileSystems
RestrictNetworkInterfaces RootImageOptions RuntimeDirectory SecureBits SetCredential
SetCredentialEncrypted StandardInputData StandardInputText StateDirectory SupplementaryGroups
SystemCallArchitectures SystemCallFilter SystemCallLog TemporaryFileSystem UnsetEnvironment
"""
_SERVICE = """
ExecCondition ExecReload ExecReloadPost ExecStart ExecStartPost ExecStartPre ExecStop ExecStopPost
OpenFile RestartForceExitStatus RestartPreventExitStatus Sockets SuccessExitStatus
"""
_SOCKET = """
ExecStopPre ListenDatagram ListenFIFO ListenMessageQueue ListenNetlink ListenSequentialPacket
ListenSpecial ListenStream ListenUSBFunction Symlinks
"""
_TIMER_AND_PATH = """
DirectoryNotEmpty OnActiveSec OnBootSec OnCalendar OnStartupSec OnUnitActiveSec OnUnitInactiveSec
PathChanged PathExists PathExistsGlob PathModified
"""
_RESOURCES = """
AllowedCPUs AllowedMemoryNodes BPFProgram BlockIODeviceWeight BlockIOReadBandwidth
BlockIOWriteBandwidth Delegate DeviceAllow DisableControllers IODeviceLatencyTargetSec
IODeviceWeight IOReadBandwidthMax IOReadIOPSMax IOWriteBandwidthMax IOWriteIOPSMax
IPAddressAllow IPAddressDeny IPEgressFilterPath IPIngressFilterPath SocketBindAllow SocketBindDeny
StartupAllowedCPUs StartupAllowedMemoryNodes
"""

LISTS = frozenset(
    " ".join((_UNIT, _INSTALL, _EXEC, _SERVICE, _SOCKET, _TIMER_AND_PATH, _RESOURCES)).split()
)
# ConditionPathExists= and some sixty more.
LIST_PREFIXES = ("Condition", "Assert")


def is_list(directive: str) -> bool:
    """Whether assignments of a directive add up."""
    return directive in LISTS or directive.startswith(LIST_PREFIXES)
