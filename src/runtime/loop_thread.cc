#include "runtime/loop_thread.h"

#include <pthread.h>

#include <latch>

namespace millrace::runtime {

LoopThread::LoopThread(std::string name) {
  std::latch running(1);
  thread_ = std::jthread([this, name = std::move(name), &running] {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    loop_.post([&running] { running.count_down(); });
    loop_.run();
  });
  running.wait();
}

LoopThread::~LoopThread() {
  loop_.stop();
  thread_.join();
}

}  // namespace millrace::runtime
