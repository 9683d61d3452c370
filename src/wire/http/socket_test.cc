#include "wire/http/socket.h"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace millrace::http {
namespace {

using Tcp = asio::ip::tcp;

std::string congestion_control(Tcp::socket& socket) {
  char name[64] = {};
  socklen_t size = sizeof name - 1;
  EXPECT_EQ(::getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_CONGESTION, name, &size), 0);
  return name;
}

TEST(Socket, WhatAnUnpacedListenerAcceptsIsUnpacedAndItsPeerIsAsTheSystemHasIt) {
  asio::io_context context;
  Tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  Tcp::socket before(context);
  before.connect(acceptor.local_endpoint());
  const std::string usual = congestion_control(before);
  acceptor.accept();
  send_unpaced(acceptor.native_handle());
  Tcp::socket peer(context);
  peer.connect(acceptor.local_endpoint());
  Tcp::socket accepted = acceptor.accept();
  EXPECT_EQ(congestion_control(accepted), "reno");
  EXPECT_EQ(congestion_control(peer), usual);
}

}  // namespace
}  // namespace millrace::http
