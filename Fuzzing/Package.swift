// swift-tools-version: 6.2
import PackageDescription

// The thin program around the root's `FuzzTargets`. The sanitizers are given on the command line by
// `scripts/fuzz`, because the root's modules need them too.

let package = Package(
  name: "Fuzzing",
  dependencies: [.package(name: "microbpf", path: "..")],
  targets: [
    .executableTarget(
      name: "Fuzz", dependencies: [.product(name: "FuzzTargets", package: "microbpf")],
      swiftSettings: [.enableExperimentalFeature("Lifetimes"), .treatAllWarnings(as: .error)])
  ]
)
