// expect: reply 2.05 "counter 124"
//
// Answers requests with a text and a number.
import BPFHelpers

@c public func program(_ context: UnsafeMutablePointer<bpf_coap_ctx_t>) -> UInt64 {
  Store.local[1] = 123
  let counter = Store.local[1]
  return Request(context).respond(.content) { payload in
    payload.write("counter ")
    payload.write(counter &+ 1)
  }
}
