// swift-tools-version: 6.2
import PackageDescription

// Each target is the three lines that libFuzzer calls; what they do stands in the root's `FuzzTargets`. The sanitizers are
// given on the command line by `scripts/fuzz`, because the root's modules need them too.

let package = Package(
  name: "Fuzzing",
  dependencies: [.package(name: "microbpf", path: "..")],
  targets: ["Image", "Program", "Assembler", "Manifest", "Message", "Endpoint", "Server"].map {
    .executableTarget(
      name: "Fuzz\($0)", dependencies: [.product(name: "FuzzTargets", package: "microbpf")],
      swiftSettings: [.enableExperimentalFeature("Lifetimes"), .treatAllWarnings(as: .error)])
  }
)
