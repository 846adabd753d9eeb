// swift-tools-version: 6.2
import PackageDescription

// The sources under `dependencies/` are laid there by `scripts/setup`: pinned Debian source packages.

let lwip =
  ["init", "def", "inet_chksum", "ip", "mem", "memp", "netif", "pbuf", "udp", "timeouts"].map {
    "dependencies/core/\($0).c"
  }
  + ["etharp", "icmp", "igmp", "ip4", "ip4_addr"].map { "dependencies/core/ipv4/\($0).c" }
  + ["ethip6", "icmp6", "inet6", "ip6", "ip6_addr", "mld6", "nd6"].map { "dependencies/core/ipv6/\($0).c" }
  + ["dependencies/netif/ethernet.c"]

let sodium = [
  "crypto_sign/crypto_sign.c", "crypto_sign/ed25519/sign_ed25519.c", "crypto_sign/ed25519/ref10/open.c",
  "crypto_sign/ed25519/ref10/sign.c", "crypto_core/ed25519/ref10/ed25519_ref10.c",
  "crypto_hash/sha512/cp/hash_sha512_cp.c", "crypto_hash/sha256/cp/hash_sha256_cp.c",
  "crypto_verify/sodium/verify.c", "sodium/utils.c",
].map { "dependencies/\($0)" }

let swift: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes"), .treatAllWarnings(as: .error)]

/// Beside those for Cortex-M4.
let suffix = Context.environment["FIRMWARE_CPU"].map { "-\($0)" } ?? ""

func product(_ name: String) -> Target.Dependency {
  .product(name: name, package: "microbpf")
}

/// An image for the board, with so much room for its stack. The linker writes its map, from which `scripts/firmware-size` reads,
/// beside the manifest.
func program(_ name: String, stackBytes: Int = 16384, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, swiftSettings: swift,
    linkerSettings: [
      .unsafeFlags([
        "-Xlinker", "-Map=\(name)\(suffix).map", "-Xlinker", "--defsym=_stack_size=\(stackBytes)",
      ])
    ])
}

let package = Package(
  name: "Firmware",
  dependencies: [.package(name: "microbpf", path: "..")],
  targets: [
    .target(name: "CCortexM"),
    .target(name: "CortexM", dependencies: ["CCortexM"], swiftSettings: swift),
    .target(
      name: "Threads",
      dependencies: [
        "CCortexM", "CortexM", product("Compartment"), product("Interpreter"), product("JIT"),
        product("Platform"),
      ], swiftSettings: swift),
    .target(name: "CSnippets"),
    .target(name: "BoardMPS2", dependencies: ["CortexM", product("Platform")], swiftSettings: swift),
    .target(
      name: "CLwIP", sources: lwip + ["port/lwip_shim.c"],
      cSettings: [.headerSearchPath("dependencies/include"), .headerSearchPath("port")]),
    .target(name: "Network", dependencies: ["CLwIP", product("CoAP")], swiftSettings: swift),
    .target(
      name: "CSodium", sources: sodium + ["sodium_shim.c"],
      cSettings: [
        .headerSearchPath("dependencies/include"), .headerSearchPath("dependencies/include/sodium"),
        .define("CONFIGURED", to: "1"), .define("SODIUM_STATIC"),
      ]),
    .target(name: "SodiumCryptography", dependencies: ["CSodium", product("COSE")], swiftSettings: swift),
    program(
      "App", stackBytes: 49152,
      [
        "BoardMPS2", "CortexM", "Threads", "Network", "SodiumCryptography", product("CoAP"),
        product("DeviceConsole"), product("DeviceServer"), product("EarlierPaths"),
        product("Platform"), product("SimulatedPeripherals"),
      ]),
    program(
      "FirmwareChecks",
      [
        "BoardMPS2", "CCortexM", "CortexM", "Network", "SodiumCryptography", product("Bytes"),
        product("COSE"), product("Checks"), product("SUIT"),
      ]),
    program(
      "Benchmark",
      [
        "BoardMPS2", "CCortexM", "CortexM", "Threads", product("BPF"), product("Bytes"),
        product("Compartment"), product("Helpers"), product("Interpreter"), product("JIT"),
        product("Measurement"), product("Platform"), product("ProgramImage"), product("Runtime"),
        product("Verifier"),
      ]),
    program(
      "Differential",
      [
        "BoardMPS2", "CCortexM", "CortexM", "Threads", product("BPF"), product("Bytes"),
        product("Compartment"), product("Helpers"), product("Interpreter"), product("JIT"),
        product("Platform"), product("RandomPrograms"), product("Verifier"),
      ]),
    program(
      "Assault", stackBytes: 32768,
      [
        "BoardMPS2", "CCortexM", "CSnippets", "CortexM", "SodiumCryptography", "Threads", product("BPF"),
        product("Bytes"), product("CoAP"), product("Compartment"), product("Helpers"), product("Interpreter"),
        product("JIT"),
        product("Platform"), product("RandomPrograms"), product("Runtime"), product("SimulatedPeripherals"),
        product("Verifier"),
      ]),
  ]
)
