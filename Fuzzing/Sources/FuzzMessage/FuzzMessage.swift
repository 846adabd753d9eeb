import FuzzTargets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  FuzzTarget.message.run(Span(_unsafeStart: start, count: count))
  return 0
}
