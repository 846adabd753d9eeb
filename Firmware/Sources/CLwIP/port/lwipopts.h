// What of lwIP is built in, and its pools.
#pragma once

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define LWIP_TCP 0
#define LWIP_UDP 1
#define LWIP_RAW 0
#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_ICMP 1
#define LWIP_ICMP6 1
#define LWIP_DHCP 0
#define LWIP_IPV6_DHCP6 0
#define LWIP_DNS 0
#define LWIP_IGMP 1
#define LWIP_IPV6_AUTOCONFIG 1
#define LWIP_IPV6_MLD 1
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0
#define LWIP_SINGLE_NETIF 1
#define LWIP_STATS 0
#define LWIP_DEBUG 0
#define LWIP_NOASSERT 1
#define LWIP_NETIF_HOSTNAME 0
#define LWIP_CHKSUM_ALGORITHM 3

// A CoAP message stays below one frame (RFC 7252, 4.6), so fragments are neither sent nor put together.
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define LWIP_IPV6_REASS 0
#define LWIP_IPV6_FRAG 0

// The groups of all CoAP nodes, on the link and on the site, beside those of neighbour discovery.
#define MEMP_NUM_MLD6_GROUP 6
#define MEMP_NUM_IGMP_GROUP 3

#define MEM_ALIGNMENT 4
#define MEM_SIZE (6 * 1024)
// A whole frame in one buffer: no chains.
#define PBUF_POOL_BUFSIZE 1536
#define PBUF_POOL_SIZE 8
#define MEMP_NUM_UDP_PCB 1
