"""Names, addresses and cards of the hosts, and which names are refused."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.addresses import GATEWAY, MOST_HOSTS, PREFIX, Seat, namespace_of, seat_of
from lab.errors import LabError

numbers = st.integers(1, MOST_HOSTS)


@given(numbers)
def test_a_name_leads_back_to_its_seat(number: int) -> None:
    assert seat_of(Seat(number).name) == Seat(number)


@given(numbers)
def test_an_address_is_in_the_gateway_s_network_and_not_the_gateway(number: int) -> None:
    network = ipaddress.ip_interface(f"{GATEWAY}/{PREFIX}").network
    address = ipaddress.ip_address(Seat(number).address)
    assert address in network
    assert address not in (network.broadcast_address, ipaddress.ip_address(GATEWAY))


def test_no_two_hosts_share_anything() -> None:
    seats = [Seat(number) for number in range(1, MOST_HOSTS + 1)]
    for values in (
        {seat.address for seat in seats},
        {seat.mac for seat in seats},
        {seat.tap for seat in seats},
        {seat.name for seat in seats},
    ):
        assert len(values) == MOST_HOSTS


@given(numbers)
def test_the_kernel_takes_the_tap_s_name_and_the_card_s_address(number: int) -> None:
    seat = Seat(number)
    assert len(seat.tap) <= 15
    parts = [int(part, 16) for part in seat.mac.split(":")]
    assert len(parts) == 6
    assert parts[0] & 0b11 == 0b10  # locally administered, one station


@pytest.mark.parametrize("number", [0, -1, MOST_HOSTS + 1])
def test_there_is_no_such_seat(number: int) -> None:
    with pytest.raises(LabError, match="hosts 1 to"):
        Seat(number)


@pytest.mark.parametrize("name", ["", "h", "h0", "h01", "x1", "h1x", "h1000", "../h1"])
def test_there_is_no_such_host(name: str) -> None:
    with pytest.raises(LabError):
        seat_of(name)


@pytest.mark.parametrize("name", ["", "-a", "A", "a/b", "..", "a b", "a" * 41, "a\n"])
def test_a_fleet_cannot_be_called_that(name: str) -> None:
    with pytest.raises(LabError, match="cannot be called"):
        namespace_of(name)


def test_fleets_have_namespaces_of_their_own() -> None:
    assert namespace_of("a") != namespace_of("b")
