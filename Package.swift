// swift-tools-version: 6.2
import PackageDescription

/// Settings of the modules that also compile as Embedded Swift for the device.
let portable: [SwiftSetting] = [
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .treatWarning("EmbeddedRestrictions", as: .error),
]

/// Settings of the modules that run on a developer's machine only.
let host: [SwiftSetting] = [
  .enableExperimentalFeature("Lifetimes"),
  .treatAllWarnings(as: .error),
]

/// A portable module and the portable modules it may import: the arrows of the architecture.
func portableModule(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: portable)
}

/// A host module, what it may import of this package and the products it uses of others.
func hostModule(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: host)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies, swiftSettings: host)
}

let package = Package(
  name: "microbpf",
  products: [
    .library(name: "Bytes", targets: ["Bytes"]),
    .library(name: "CoAP", targets: ["CoAP"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2")
  ],
  targets: [
    portableModule("Bytes"),
    tests(of: "Bytes"),
    portableModule("CoAP", ["Bytes"]),
    tests(of: "CoAP", ["Bytes"]),

    hostModule(
      "CoAPTransport",
      [
        "Bytes", "CoAP", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    tests(of: "CoAPTransport", ["Bytes", "CoAP"]),
  ]
)
