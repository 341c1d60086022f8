# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctls that are no limits: known, so that no spelling slips through, and never set.

Each group has one reason. A path that ends in /** stands for everything below it.
"""

from __future__ import annotations

from typing import Tuple

from .sysctl_key import SysctlKey, refused

_RUNS_PROGRAMS = "it decides which program the kernel runs as root"
_LOADS_CODE = "it decides which code the kernel loads"
_SECURITY = "it is a security setting"
_IDENTITY = "it says what the host or its kernel is"
_ACT = "writing it is an act, not a setting"
_DEBUGGING = "it is for debugging the kernel"
_NETWORK = "it decides how packets are routed, filtered or answered"
_ELSEWHERE = "it belongs to a driver, a file system or a protocol, not to the host's limits"

_GROUPS: Tuple[Tuple[str, str], ...] = (
    (
        _RUNS_PROGRAMS,
        """
        fs/binfmt_misc/** fs/ocfs2/** kernel/core_pattern kernel/core_uses_pid kernel/hotplug
        kernel/modprobe kernel/poweroff_cmd kernel/real-root-dev kernel/usermodehelper/**
        """,
    ),
    (
        _LOADS_CODE,
        """
        fs/verity/** kernel/firmware_config/** kernel/kexec_load_disabled
        kernel/kexec_load_limit_panic kernel/kexec_load_limit_reboot kernel/modules_disabled
        kernel/unprivileged_bpf_disabled net/core/bpf_jit_enable net/core/bpf_jit_harden
        net/core/bpf_jit_kallsyms
        """,
    ),
    (
        _SECURITY,
        """
        abi/** crypto/** dev/tty/legacy_tiocsti fs/overflowgid fs/overflowuid fs/protected_fifos
        fs/protected_hardlinks fs/protected_regular fs/protected_symlinks fs/suid_dumpable
        kernel/apparmor_display_secid_mode kernel/apparmor_restrict_unprivileged_io_uring
        kernel/apparmor_restrict_unprivileged_unconfined
        kernel/apparmor_restrict_unprivileged_userns
        kernel/apparmor_restrict_unprivileged_userns_complain
        kernel/apparmor_restrict_unprivileged_userns_force kernel/cad_pid kernel/cap-bound
        kernel/ctrl-alt-del kernel/dmesg_restrict kernel/exec-shield kernel/grsecurity/**
        kernel/io_uring_disabled kernel/io_uring_group kernel/kptr_restrict kernel/overflowgid
        kernel/overflowuid kernel/pax/** kernel/perf_event_paranoid kernel/random/**
        kernel/randomize_va_space kernel/seccomp/** kernel/stack_erasing
        kernel/sysctl_writes_strict kernel/sysrq kernel/tiocsti_restrict
        kernel/unprivileged_userns_apparmor_policy kernel/unprivileged_userns_clone
        kernel/vsyscall64 kernel/yama/** net/vsock/** vm/hugetlb_shm_group vm/memfd_noexec
        vm/mmap_min_addr vm/mmap_rnd_bits vm/mmap_rnd_compat_bits vm/unprivileged_userfaultfd
        vm/vdso_enabled
        """,
    ),
    (
        _IDENTITY,
        """
        kernel/acpi_video_flags kernel/arch kernel/bootloader_type kernel/bootloader_version
        kernel/domainname kernel/hostname kernel/osrelease kernel/ostype kernel/tainted
        kernel/version
        """,
    ),
    (
        _ACT,
        """
        kernel/msg_next_id kernel/ns_last_pid kernel/sem_next_id kernel/shm_next_id
        net/ipv4/route/flush net/ipv6/route/flush vm/compact_memory vm/drop_caches
        vm/stat_refresh
        """,
    ),
    (
        _DEBUGGING,
        """
        debug/** kernel/blk_iopoll kernel/bpf_stats_enabled kernel/compat-log kernel/core_modes
        kernel/core_sort_vma kernel/exception-trace kernel/ftrace_dump_on_oops
        kernel/ftrace_enabled kernel/hardlockup_sys_info kernel/hung_task_detect_count
        kernel/hung_task_sys_info kernel/hyperv_record_panic_msg
        kernel/ignore-unaligned-usertrap kernel/kernel_sys_info kernel/kprobes-optimization
        kernel/kstack_depth_to_print kernel/latencytop kernel/lock_stat kernel/max_lock_depth
        kernel/max_rcu_stall_to_panic kernel/panic_print kernel/panic_sys_info
        kernel/perf_user_access kernel/print-fatal-signals kernel/printk_devkmsg
        kernel/prove_locking kernel/sched_domain/** kernel/softlockup_sys_info
        kernel/stack_tracer_enabled kernel/traceoff_on_warning kernel/tracepoint_printk
        kernel/unaligned-trap kernel/userprocess_debug net/netfilter/nf_log/**
        net/netfilter/nf_log_all_netns
        """,
    ),
    (
        _NETWORK,
        """
        net/bridge/bridge-nf-call-arptables net/bridge/bridge-nf-call-ip6tables
        net/bridge/bridge-nf-call-iptables net/bridge/bridge-nf-filter-pppoe-tagged
        net/bridge/bridge-nf-filter-vlan-tagged net/bridge/bridge-nf-pass-vlan-input-dev
        net/core/devconf_inherit_init_net net/core/fb_tunnels_only_for_init_net
        net/core/xfrm_larval_drop net/ipv4/cipso_cache_bucket_size net/ipv4/cipso_cache_enable
        net/ipv4/cipso_rbm_optfmt net/ipv4/cipso_rbm_strictvalid
        net/ipv4/fib_multipath_hash_fields net/ipv4/fib_multipath_hash_policy
        net/ipv4/fib_multipath_hash_seed net/ipv4/fib_multipath_use_neigh
        net/ipv4/fib_notify_on_flag_change net/ipv4/fwmark_reflect
        net/ipv4/icmp_echo_enable_probe net/ipv4/icmp_echo_ignore_all
        net/ipv4/icmp_echo_ignore_broadcasts net/ipv4/icmp_errors_extension_mask
        net/ipv4/icmp_errors_use_inbound_ifaddr net/ipv4/icmp_ignore_bogus_error_responses
        net/ipv4/igmp_link_local_mcast_reports net/ipv4/ip_autobind_reuse net/ipv4/ip_dynaddr
        net/ipv4/ip_forward net/ipv4/ip_forward_update_priority net/ipv4/ip_forward_use_pmtu
        net/ipv4/ip_nonlocal_bind net/ipv4/ip_unprivileged_port_start
        net/ipv4/nexthop_compat_mode net/ipv4/ping_group_range net/ipv4/raw_l3mdev_accept
        net/ipv4/route/redirect_load net/ipv4/route/redirect_number
        net/ipv4/route/redirect_silence net/ipv4/route/secret_interval net/ipv4/tcp_fastopen_key
        net/ipv4/tcp_fwmark_accept net/ipv4/tcp_l3mdev_accept net/ipv4/tcp_migrate_req
        net/ipv4/tcp_rfc1337 net/ipv4/tcp_syncookies net/ipv4/udp_l3mdev_accept
        net/ipv6/anycast_src_echo_reply net/ipv6/auto_flowlabels net/ipv6/bindv6only
        net/ipv6/calipso_cache_bucket_size net/ipv6/calipso_cache_enable
        net/ipv6/fib_multipath_hash_fields net/ipv6/fib_multipath_hash_policy
        net/ipv6/fib_notify_on_flag_change net/ipv6/flowlabel_consistency
        net/ipv6/flowlabel_reflect net/ipv6/flowlabel_state_ranges net/ipv6/fwmark_reflect
        net/ipv6/icmp/** net/ipv6/ioam6_id net/ipv6/ioam6_id_wide net/ipv6/ip_nonlocal_bind
        net/ipv6/route/skip_notify_on_dev_down net/ipv6/seg6_flowlabel net/mpls/**
        net/netfilter/nf_hooks_lwtunnel
        """,
    ),
    (
        _ELSEWHERE,
        """
        dev/** fs/cachefiles/** fs/coda/** fs/dentry-negative fs/dir-notify-enable
        fs/leases-enable fs/lockd/** fs/may_detach_mounts fs/negative-dentry-limit fs/nfs/**
        fs/ntfs-debug fs/quota/** fs/xfs/** kernel/io_delay_type kernel/rtsig-max
        kernel/rtsig-nr kernel/sg-big-buff kernel/soft-power kernel/spin_retry lnet/** lustre/**
        net/6lowpan/** net/802/** net/appletalk/** net/ax25/** net/dccp/** net/decnet/**
        net/ethernet/** net/ieee802154/** net/ipv4/vs/** net/ipx/** net/irda/** net/iucv/**
        net/llc/** net/mptcp/** net/netrom/** net/phonet/** net/rds/** net/rose/** net/rxrpc/**
        net/sctp/** net/smc/** net/tipc/** net/token-ring/** net/vrf/** net/x25/** s390dbf/**
        sunrpc/**
        """,
    ),
)

_IPV4_INTERFACE = """
    accept_local accept_redirects accept_source_route arp_accept arp_announce
    arp_evict_nocarrier arp_filter arp_ignore arp_notify bc_forwarding bootp_relay
    disable_policy disable_xfrm drop_gratuitous_arp drop_unicast_in_l2_multicast
    force_igmp_version forwarding igmpv2_unsolicited_report_interval
    igmpv3_unsolicited_report_interval ignore_routes_with_linkdown log_martians mc_forwarding
    medium_id promote_secondaries proxy_arp proxy_arp_pvlan route_localnet rp_filter
    secure_redirects send_redirects shared_media src_valid_mark tag
"""
_IPV6_INTERFACE = """
    accept_dad accept_ra accept_ra_defrtr accept_ra_from_local accept_ra_min_hop_limit
    accept_ra_min_lft accept_ra_mtu accept_ra_pinfo accept_ra_rt_info_max_plen
    accept_ra_rt_info_min_plen accept_ra_rtr_pref accept_redirects accept_source_route
    accept_untracked_na addr_gen_mode autoconf dad_transmits disable_ipv6 disable_policy
    drop_unicast_in_l2_multicast drop_unsolicited_na enhanced_dad force_forwarding
    force_mld_version force_tllao forwarding ignore_routes_with_linkdown ioam6_enabled ioam6_id
    ioam6_id_wide keep_addr_on_down max_desync_factor mc_forwarding
    mldv1_unsolicited_report_interval mldv2_unsolicited_report_interval ndisc_evict_nocarrier
    ndisc_notify ndisc_tclass optimistic_dad proxy_ndp ra_defrtr_metric ra_honor_pio_life
    ra_honor_pio_pflag regen_max_retry regen_min_advance router_probe_interval
    router_solicitation_delay router_solicitation_interval router_solicitation_max_interval
    router_solicitations rpl_seg_enabled seg6_enabled seg6_require_hmac stable_secret
    suppress_frag_ndisc temp_prefered_lft temp_valid_lft use_oif_addrs_only use_optimistic
    use_tempaddr
"""

REFUSED_KEYS: Tuple[SysctlKey, ...] = (
    *(refused(path, reason) for reason, paths in _GROUPS for path in paths.split()),
    *(refused("net/ipv4/conf/*/" + name, _NETWORK) for name in _IPV4_INTERFACE.split()),
    *(refused("net/ipv6/conf/*/" + name, _NETWORK) for name in _IPV6_INTERFACE.split()),
)
