# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of all directives that systemd knows, by section, up to version 262.

Source: src/core/load-fragment-gperf.gperf.in. Only names: what limits mean is in unit_directives.
"""

from __future__ import annotations

from typing import Dict, FrozenSet


def _names(text: str) -> FrozenSet[str]:
    return frozenset(text.split())


_RESOURCES = _names(
    """
    AllowedCPUs AllowedMemoryNodes BPFProgram BindNetworkInterface BlockIOAccounting
    BlockIODeviceWeight BlockIOReadBandwidth BlockIOWeight BlockIOWriteBandwidth
    CPUAccounting CPUPressureThresholdSec CPUPressureWatch CPUQuota CPUQuotaPeriodSec
    CPUSetPartition CPUShares CPUWeight CoredumpReceive DefaultMemoryLow DefaultMemoryMin
    DefaultStartupMemoryLow DeviceAllow DevicePolicy DisableControllers IOAccounting
    IODeviceLatencyTargetSec IODeviceWeight IOPressureThresholdSec IOPressureWatch
    IOReadBandwidthMax IOReadIOPSMax IOWeight IOWriteBandwidthMax IOWriteIOPSMax
    IPAccounting IPAddressAllow IPAddressDeny IPEgressFilterPath IPIngressFilterPath
    ManagedOOMMemoryPressure ManagedOOMMemoryPressureDurationSec
    ManagedOOMMemoryPressureLimit ManagedOOMPreference ManagedOOMSwap MemoryAccounting
    MemoryHigh MemoryLimit MemoryLow MemoryMax MemoryMin MemoryPressureThresholdSec
    MemoryPressureWatch MemorySwapMax MemoryZSwapMax MemoryZSwapWriteback NFTSet NetClass
    OOMRules RestrictNetworkInterfaces SocketBindAllow SocketBindDeny StartupAllowedCPUs
    StartupAllowedMemoryNodes StartupBlockIOWeight StartupCPUShares StartupCPUWeight
    StartupIOWeight StartupMemoryHigh StartupMemoryLow StartupMemoryMax StartupMemorySwapMax
    StartupMemoryZSwapMax TasksAccounting TasksMax
    """
)

_PLACEMENT = _names(
    """
    Delegate DelegateSubgroup Slice
    """
)

_KILLING = _names(
    """
    FinalKillSignal KillMode KillSignal RestartKillSignal SendSIGHUP SendSIGKILL
    WatchdogSignal
    """
)

_EXECUTION = _names(
    """
    AmbientCapabilities AppArmorProfile BPFDelegateAttachments BPFDelegateCommands
    BPFDelegateMaps BPFDelegatePrograms BindLogSockets BindPaths BindReadOnlyPaths
    CPUAffinity CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork
    CacheDirectory CacheDirectoryAccounting CacheDirectoryMode CacheDirectoryQuota
    Capabilities CapabilityBoundingSet ConfigurationDirectory ConfigurationDirectoryMode
    CoredumpFilter DelegateNamespaces DynamicUser Environment EnvironmentFile ExecPaths
    ExecSearchPath ExtensionDirectories ExtensionImagePolicy ExtensionImages Group
    IOSchedulingClass IOSchedulingPriority IPCNamespacePath IgnoreSIGPIPE ImportCredential
    InaccessibleDirectories InaccessiblePaths KeyringMode LimitAS LimitCORE LimitCPU
    LimitDATA LimitFSIZE LimitLOCKS LimitMEMLOCK LimitMSGQUEUE LimitNICE LimitNOFILE
    LimitNPROC LimitRSS LimitRTPRIO LimitRTTIME LimitSIGPENDING LimitSTACK LoadCredential
    LoadCredentialEncrypted LockPersonality LogExtraFields LogFilterPatterns LogLevelMax
    LogNamespace LogRateLimitBurst LogRateLimitIntervalSec LogsDirectory
    LogsDirectoryAccounting LogsDirectoryMode LogsDirectoryQuota MemoryDenyWriteExecute
    MemoryKSM MemoryTHP MountAPIVFS MountFlags MountImagePolicy MountImages NUMAMask
    NUMAPolicy NetworkNamespacePath Nice NoExecPaths NoNewPrivileges OOMScoreAdjust PAMName
    PassEnvironment Personality PrivateBPF PrivateDevices PrivateIPC PrivateMounts
    PrivateNetwork PrivatePIDs PrivateTmp PrivateUsers ProcSubset ProtectClock
    ProtectControlGroups ProtectHome ProtectHostname ProtectKernelLogs ProtectKernelModules
    ProtectKernelTunables ProtectProc ProtectSystem ReadOnlyDirectories ReadOnlyPaths
    ReadWriteDirectories ReadWritePaths RemoveIPC RestrictAddressFamilies
    RestrictFileSystems RestrictNamespaces RestrictRealtime RestrictSUIDSGID RootDirectory
    RootEphemeral RootHash RootHashSignature RootImage RootImageOptions RootImagePolicy
    RootMStack RootVerity RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve
    SELinuxContext SecureBits SetCredential SetCredentialEncrypted SetLoginEnvironment
    SmackProcessLabel StandardError StandardInput StandardInputData StandardInputText
    StandardOutput StateDirectory StateDirectoryAccounting StateDirectoryMode
    StateDirectoryQuota SupplementaryGroups SyslogFacility SyslogIdentifier SyslogLevel
    SyslogLevelPrefix SystemCallArchitectures SystemCallErrorNumber SystemCallFilter
    SystemCallLog TTYColumns TTYPath TTYReset TTYRows TTYVHangup TTYVTDisallocate
    TemporaryFileSystem TimeoutCleanSec TimeoutSec TimerSlackNSec UMask UnsetEnvironment
    User UserNamespacePath UtmpIdentifier UtmpMode WorkingDirectory
    """
)

_UNIT = _names(
    """
    After AllowIsolate AssertACPower AssertArchitecture AssertCPUFeature AssertCPUPressure
    AssertCPUs AssertCapability AssertControlGroupController AssertCredential
    AssertDirectoryNotEmpty AssertEnvironment AssertFileIsExecutable AssertFileNotEmpty
    AssertFirstBoot AssertFraction AssertGroup AssertHost AssertIOPressure
    AssertKernelCommandLine AssertKernelModuleLoaded AssertKernelVersion AssertMachineTag
    AssertMemory AssertMemoryPressure AssertNeedsUpdate AssertOSRelease AssertPathExists
    AssertPathExistsGlob AssertPathIsDirectory AssertPathIsEncrypted AssertPathIsMountPoint
    AssertPathIsReadWrite AssertPathIsSocket AssertPathIsSymbolicLink AssertSecurity
    AssertUser AssertVersion AssertVirtualization Before BindTo BindsTo CollectMode
    ConditionACPower ConditionArchitecture ConditionCPUFeature ConditionCPUPressure
    ConditionCPUs ConditionCapability ConditionControlGroupController ConditionCredential
    ConditionDirectoryNotEmpty ConditionEnvironment ConditionFileIsExecutable
    ConditionFileNotEmpty ConditionFirmware ConditionFirstBoot ConditionFraction
    ConditionGroup ConditionHost ConditionIOPressure ConditionKernelCommandLine
    ConditionKernelModuleLoaded ConditionKernelVersion ConditionMachineTag ConditionMemory
    ConditionMemoryPressure ConditionNeedsUpdate ConditionOSRelease ConditionPathExists
    ConditionPathExistsGlob ConditionPathIsDirectory ConditionPathIsEncrypted
    ConditionPathIsMountPoint ConditionPathIsReadWrite ConditionPathIsSocket
    ConditionPathIsSymbolicLink ConditionSecurity ConditionUser ConditionVersion
    ConditionVirtualization Conflicts DefaultDependencies Description Documentation
    FailureAction FailureActionExitStatus IgnoreOnIsolate IgnoreOnSnapshot
    JobRunningTimeoutSec JobTimeoutAction JobTimeoutRebootArgument JobTimeoutSec
    JoinsNamespaceOf OnFailure OnFailureIsolate OnFailureJobMode OnSuccess OnSuccessJobMode
    PartOf PropagateReloadFrom PropagateReloadTo PropagatesReloadTo PropagatesStopTo
    RebootArgument RefuseManualStart RefuseManualStop ReloadPropagatedFrom Requires
    RequiresMountsFor RequiresOverridable Requisite RequisiteOverridable SourcePath
    StartLimitAction StartLimitBurst StartLimitInterval StartLimitIntervalSec
    StopPropagatedFrom StopWhenUnneeded SuccessAction SuccessActionExitStatus
    SurviveFinalKillSignal Upholds Wants WantsMountsFor
    """
)

_INSTALL = _names(
    """
    Alias Also DefaultInstance RequiredBy UpheldBy WantedBy
    """
)

_SERVICE = _names(
    """
    BusName BusPolicy ExecCondition ExecReload ExecReloadPost ExecStart ExecStartPost
    ExecStartPre ExecStop ExecStopPost ExitType FailureAction FileDescriptorStoreMax
    FileDescriptorStorePreserve GuessMainPID LUOSession NonBlocking NotifyAccess OOMPolicy
    OpenFile PIDFile PermissionsStartOnly RebootArgument RefreshOnReload ReloadSignal
    RemainAfterExit Restart RestartForceExitStatus RestartMaxDelaySec RestartMode
    RestartPreventExitStatus RestartRandomizedDelaySec RestartSec RestartSteps
    RootDirectoryStartOnly RuntimeMaxSec RuntimeRandomizedExtraSec Sockets StartLimitAction
    StartLimitBurst StartLimitInterval SuccessExitStatus SysVStartPriority TimeoutAbortSec
    TimeoutStartFailureMode TimeoutStartSec TimeoutStopFailureMode TimeoutStopSec Type
    USBFunctionDescriptors USBFunctionStrings WatchdogSec
    """
)

_SOCKET = _names(
    """
    Accept AcceptFileDescriptors Backlog BindIPv6Only BindToDevice Broadcast DeferAcceptSec
    DeferTrigger DeferTriggerMaxSec DirectoryMode ExecStartPost ExecStartPre ExecStopPost
    ExecStopPre FileDescriptorName FlushPending FreeBind IPTOS IPTTL KeepAlive
    KeepAliveIntervalSec KeepAliveProbes KeepAliveTimeSec ListenDatagram ListenFIFO
    ListenMessageQueue ListenNetlink ListenSequentialPacket ListenSpecial ListenStream
    ListenUSBFunction Mark MaxConnections MaxConnectionsPerSource MessageQueueMaxMessages
    MessageQueueMessageSize NoDelay PassCredentials PassFileDescriptorsToExec PassPIDFD
    PassPacketInfo PassSecurity PipeSize PollLimitBurst PollLimitIntervalSec Priority
    ReceiveBuffer RemoveOnStop ReusePort SELinuxContextFromNet SendBuffer Service SmackLabel
    SmackLabelIPIn SmackLabelIPOut SocketGroup SocketMode SocketProtocol SocketUser Symlinks
    TCPCongestion Timestamping Transparent TriggerLimitBurst TriggerLimitIntervalSec
    Writable XAttrAccept XAttrEntryPoint XAttrListen
    """
)

_MOUNT = _names(
    """
    DirectoryMode ForceUnmount LazyUnmount Options ReadWriteOnly SloppyOptions Type What
    Where
    """
)

_SWAP = _names(
    """
    Options Priority What
    """
)

_SLICE = _names(
    """
    ActivatingConcurrencyMax ConcurrencyHardMax ConcurrencySoftMax
    """
)

_SCOPE = _names(
    """
    OOMPolicy RuntimeMaxSec RuntimeRandomizedExtraSec TimeoutStopSec
    """
)

_AUTOMOUNT = _names(
    """
    DirectoryMode ExtraOptions TimeoutIdleSec Where
    """
)

_TIMER = _names(
    """
    AccuracySec DeferReactivation FixedRandomDelay OnActiveSec OnBootSec OnCalendar
    OnClockChange OnStartupSec OnTimezoneChange OnUnitActiveSec OnUnitInactiveSec Persistent
    RandomizedDelaySec RandomizedOffsetSec RemainAfterElapse Unit WakeSystem
    """
)

_PATH = _names(
    """
    DirectoryMode DirectoryNotEmpty MakeDirectory PathChanged PathExists PathExistsGlob
    PathModified TriggerLimitBurst TriggerLimitIntervalSec Unit
    """
)

_RUNS = _RESOURCES | _PLACEMENT | _KILLING | _EXECUTION

KNOWN: Dict[str, FrozenSet[str]] = {
    "Unit": _UNIT,
    "Install": _INSTALL,
    "Service": _SERVICE | _RUNS,
    "Socket": _SOCKET | _RUNS,
    "Mount": _MOUNT | _RUNS,
    "Swap": _SWAP | _RUNS,
    "Slice": _SLICE | _RESOURCES,
    "Scope": _SCOPE | _RESOURCES | _PLACEMENT | _KILLING,
    "Automount": _AUTOMOUNT,
    "Timer": _TIMER,
    "Path": _PATH,
}
"""Section to the names that may stand in it."""
