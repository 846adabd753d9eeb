#include "lwip_shim.h"

#include <string.h>

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/igmp.h"
#include "lwip/init.h"
#include "lwip/mld6.h"
#include "lwip/timeouts.h"
#include "lwip/udp.h"
#include "netif/ethernet.h"

static struct netif interface;
static struct udp_pcb *socket;
static void (*transmit_frame)(const uint8_t *frame, uint32_t length);
static uint32_t now, random_state;

// Datagrams between the stack and the main loop: the loop takes them out as soon as it has handed a frame in, so few
// wait at a time.
enum { QUEUE_LENGTH = 8 };
static struct {
  struct pbuf *buffer;
  net_peer peer;
  bool is_multicast;
} queue[QUEUE_LENGTH];
static uint32_t queue_head, queue_count;
static struct pbuf *lent;

u32_t sys_now(void) { return now; }

uint32_t net_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

static err_t output(struct netif *netif, struct pbuf *buffer) {
  static uint8_t frame[1514];
  (void)netif;
  if (buffer->tot_len > sizeof frame) return ERR_BUF;
  pbuf_copy_partial(buffer, frame, buffer->tot_len, 0);
  transmit_frame(frame, buffer->tot_len);
  return ERR_OK;
}

static err_t setup(struct netif *netif) {
  netif->name[0] = 'e';
  netif->name[1] = 'n';
  netif->mtu = 1500;
  netif->hwaddr_len = 6;
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP | NETIF_FLAG_IGMP |
                 NETIF_FLAG_MLD6;
  netif->output = etharp_output;
  netif->output_ip6 = ethip6_output;
  netif->linkoutput = output;
  return ERR_OK;
}

void net_start(const uint8_t mac[6], uint32_t seed, void (*transmit)(const uint8_t *frame, uint32_t length)) {
  transmit_frame = transmit;
  random_state = seed ? seed : 1;
  memcpy(interface.hwaddr, mac, 6);
  lwip_init();
  ip4_addr_t address, mask, router;
  IP4_ADDR(&address, 10, 0, 2, 15);
  IP4_ADDR(&mask, 255, 255, 255, 0);
  IP4_ADDR(&router, 10, 0, 2, 2);
  netif_add(&interface, &address, &mask, &router, NULL, setup, ethernet_input);
  netif_create_ip6_linklocal_address(&interface, 1);
  netif_set_ip6_autoconfig_enabled(&interface, 1);
  netif_set_default(&interface);
  netif_set_up(&interface);
}

void net_poll(uint32_t milliseconds) {
  now = milliseconds;
  sys_check_timeouts();
}

void net_input(const uint8_t *frame, uint32_t length) {
  struct pbuf *buffer = pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_POOL);
  if (!buffer) return;
  pbuf_take(buffer, frame, (u16_t)length);
  if (interface.input(buffer, &interface) != ERR_OK) pbuf_free(buffer);
}

static void receive(void *context, struct udp_pcb *pcb, struct pbuf *buffer, const ip_addr_t *address, u16_t port) {
  (void)context;
  (void)pcb;
  // A loopback address is no one's on a network (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3). The stack lets datagrams from there
  // in, but no answer out: a request would be carried out and the client, not hearing of it, would ask again.
  if (ip_addr_isloopback(address)) {
    pbuf_free(buffer);
    return;
  }
  // A chain would mean a datagram longer than a frame, and fragments are not put together.
  if (queue_count == QUEUE_LENGTH || buffer->next) {
    pbuf_free(buffer);
    return;
  }
  uint32_t index = (queue_head + queue_count++) % QUEUE_LENGTH;
  net_peer *peer = &queue[index].peer;
  memset(peer, 0, sizeof *peer);
  queue[index].buffer = buffer;
  const ip_addr_t *destination = ip_current_dest_addr();
  queue[index].is_multicast = ip_addr_ismulticast(destination) || ip_addr_isbroadcast(destination, &interface);
  peer->port = port;
  peer->is_ipv6 = IP_IS_V6(address);
  if (peer->is_ipv6) {
    memcpy(peer->address, ip_2_ip6(address)->addr, 16);
  } else {
    memcpy(peer->address, &ip_2_ip4(address)->addr, 4);
  }
}

bool net_bind(uint16_t port) {
  socket = udp_new_ip_type(IPADDR_TYPE_ANY);
  if (!socket || udp_bind(socket, IP_ANY_TYPE, port) != ERR_OK) return false;
  udp_recv(socket, receive, NULL);
  ip4_addr_t all;
  IP4_ADDR(&all, 224, 0, 1, 187);
  igmp_joingroup_netif(&interface, &all);
  ip6_addr_t nodes;
  IP6_ADDR(&nodes, PP_HTONL(0xff020000), 0, 0, PP_HTONL(0xfd));
  ip6_addr_assign_zone(&nodes, IP6_MULTICAST, &interface);
  mld6_joingroup_netif(&interface, &nodes);
  IP6_ADDR(&nodes, PP_HTONL(0xff050000), 0, 0, PP_HTONL(0xfd));
  mld6_joingroup_netif(&interface, &nodes);
  return true;
}

bool net_receive(net_datagram *datagram) {
  if (lent) pbuf_free(lent);
  lent = NULL;
  if (!queue_count) return false;
  lent = queue[queue_head].buffer;
  datagram->bytes = lent->payload;
  datagram->length = lent->tot_len;
  datagram->peer = queue[queue_head].peer;
  datagram->is_multicast = queue[queue_head].is_multicast;
  queue_head = (queue_head + 1) % QUEUE_LENGTH;
  queue_count--;
  return true;
}

bool net_send(const net_peer *peer, const uint8_t *bytes, uint32_t length) {
  if (!socket || length > 1472) return false;
  struct pbuf *buffer = pbuf_alloc(PBUF_TRANSPORT, (u16_t)length, PBUF_RAM);
  if (!buffer) return false;
  pbuf_take(buffer, bytes, (u16_t)length);
  ip_addr_t address;
  memset(&address, 0, sizeof address);
  if (peer->is_ipv6) {
    IP_SET_TYPE(&address, IPADDR_TYPE_V6);
    memcpy(ip_2_ip6(&address)->addr, peer->address, 16);
    if (ip6_addr_islinklocal(ip_2_ip6(&address))) {
      ip6_addr_assign_zone(ip_2_ip6(&address), IP6_UNICAST, &interface);
    }
  } else {
    memcpy(&ip_2_ip4(&address)->addr, peer->address, 4);
  }
  err_t error = udp_sendto(socket, buffer, &address, peer->port);
  pbuf_free(buffer);
  return error == ERR_OK;
}
