// expect: reply 2.05 "{"temperature": 22.0}"
//
// Answers requests with what the temperature sensor measures, as JSON.
import BPFHelpers

@c public func program(_ context: UnsafeMutablePointer<bpf_coap_ctx_t>) -> UInt64 {
  let request = Request(context)
  guard let temperature = Sensor.temperature?.read() else { return request.respond(.serviceUnavailable) }
  return request.respond(.content, .json) { payload in
    payload.write("{\"temperature\": ")
    payload.write(temperature)
    payload.write("}")
  }
}
