// UDP over lwIP for one Ethernet interface, as narrow as the firmware needs it. No lwIP header shows through.
// Everything is called from the main loop alone: lwIP runs without an operating system and without locks.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// The other end of a datagram. An IPv4 address stands in the first four bytes.
typedef struct {
  uint8_t address[16];
  uint16_t port;
  bool is_ipv6;
} net_peer;

/// A received datagram; its bytes stay valid until the next call of `net_receive`.
typedef struct {
  const uint8_t *_Nullable bytes;
  uint32_t length;
  net_peer peer;
  /// It was sent to a group, or to everyone.
  bool is_multicast;
} net_datagram;

/// Starts the stack with 10.0.2.15/24, router 10.0.2.2, and IPv6 by link-local address and router advertisements.
/// @param mac the station's address
/// @param seed differs between starts: ports and identifiers follow from it
/// @param transmit called with each frame to send
void net_start(const uint8_t mac[_Nonnull 6], uint32_t seed,
               void (*_Nonnull transmit)(const uint8_t *_Nonnull frame, uint32_t length));

/// Takes the time in and runs what is due: reassembly, neighbour discovery, address resolution.
void net_poll(uint32_t milliseconds);

/// Hands in a received frame. One that does not fit the pools is dropped, as by any full network card.
void net_input(const uint8_t *_Nonnull frame, uint32_t length);

/// Receives on this UDP port, IPv4 and IPv6, also what is sent to all CoAP nodes (RFC 7252, 12.8): 224.0.1.187, ff02::fd and
/// ff05::fd. Returns whether it could be bound.
bool net_bind(uint16_t port);

/// The next datagram that came in on the bound port, if one waits.
bool net_receive(net_datagram *_Nonnull datagram);

/// Sends from the bound port. Returns false if the stack has no room or no route.
bool net_send(const net_peer *_Nonnull peer, const uint8_t *_Nonnull bytes, uint32_t length);
