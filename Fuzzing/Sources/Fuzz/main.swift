import FuzzTargets

// usage: Fuzz TARGET LIBFUZZER-ARGUMENT...

/// libFuzzer's entry for programs that have a `main` of their own.
@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ runOne: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

guard CommandLine.arguments.count > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
  fatalError("usage: Fuzz TARGET [ARGUMENT...]   with a target of: \(FuzzTarget.allCases.map(\.rawValue))")
}
/// What libFuzzer's callback, which carries no context, runs.
let chosen = target

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  chosen.run(Span(_unsafeStart: start, count: count))
  return 0
}

// libFuzzer takes the first argument for the program's name.
var count = CommandLine.argc - 1
var arguments = CommandLine.unsafeArgv + 1
let status = runFuzzer(&count, &arguments, fuzzOne)
guard status == 0 else { fatalError("libFuzzer ended with \(status)") }
