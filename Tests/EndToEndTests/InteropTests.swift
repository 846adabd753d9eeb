import CoAPTransport
import Delivery
import DeviceClient
import Emulator
import TestSupport
import Testing
import Toolchain

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct OtherPeoplesClients {
  /// Runs `body` with a board and a file server that has a signed program for its slot 1.
  private func withBoardAndProgram(
    _ image: [UInt8] = Assembly.returning(42),
    _ body: @escaping @Sendable (EmulatedBoard, _ manifest: String) async throws -> Void
  ) async throws {
    try await Board.run { board, device in
      try await withDirectory { directory in
        try await withFileServer(directory) { server in
          let root = "coap://10.0.2.2:\(server.port)"
          try write(image, to: "image", in: directory)
          try write(
            try Forgery(image: image).envelope(imageAt: "\(root)/image"), to: "manifest", in: directory)
          try await body(board, "\(root)/manifest")
          let slot = try await device.slot(1)
          #expect(slot.size == image.count)
          #expect(slot.sequence == 6)
        }
      }
    }
  }

  @Test(.enabled(if: Tool.coapClient.isWanted, "libcoap's client is not installed (Debian: libcoap3-bin)"))
  func `libcoap's client explores the board, has it pull a program and runs it`() async throws {
    try await withBoardAndProgram { board, manifest in
      for blockSize in ["64", "256", "1024"] {
        let core = try await Tool.coapClient.run(["-b", blockSize, "\(board.url)/.well-known/core"])
        #expect(core.text.contains("</slots/1/run>;rt=\"microbpf.run\""))
        #expect(core.text.contains("</suit/trigger>"))
      }
      let pulled = try await Tool.coapClient.run([
        "-m", "post", "-A", "0", "-t", "0", "-e", manifest, "\(board.url)/suit/trigger",
      ])
      #expect(pulled.text.contains("slot: 1\nsize: 16\nsequence: 6\n"), "\(pulled.text)")
      let run = try await Tool.coapClient.run(["-m", "post", "-A", "0", "\(board.url)/slots/1/run"])
      #expect(run.text.contains("result: 42\ninstructions: 2\n"), "\(run.text)")
      let again = try await Tool.coapClient.run(["-m", "post", "-e", manifest, "\(board.url)/suit/trigger"])
      #expect(again.text.contains("4.03"), "\(again.text)")
      #expect(again.text.contains("Sequence number too low"), "\(again.text)")
      let unknown = try await Tool.coapClient.run(["-O", "9,x", "\(board.url)/device"])
      #expect(unknown.text.contains("4.02"), "\(unknown.text)")
    }
  }

  @Test(.enabled(if: Tool.aiocoapClient.isWanted, "aiocoap is not installed (PyPI: aiocoap)"))
  func `aiocoap's client explores the board, has it pull a program and runs it`() async throws {
    try await withBoardAndProgram { board, manifest in
      let core = try await Tool.aiocoapClient.run(["-q", "\(board.url)/.well-known/core"])
      #expect(core.status == 0, "\(core.text)")
      #expect(core.text.contains("slots/1/run"))
      let pulled = try await Tool.aiocoapClient.run([
        "-q", "-m", "POST", "--accept", "0", "--content-format", "text/plain;charset=utf-8", "--payload",
        manifest, "\(board.url)/suit/trigger",
      ])
      #expect(pulled.text.contains("slot: 1\nsize: 16\nsequence: 6\n"), "\(pulled.text)")
      let run = try await Tool.aiocoapClient.run([
        "-q", "-m", "POST", "--accept", "0", "\(board.url)/slots/1/run",
      ])
      #expect(run.text.contains("result: 42\ninstructions: 2\n"), "\(run.text)")
      let refused = try await Tool.aiocoapClient.run(["-m", "POST", "\(board.url)/slots/3/run"])
      #expect(refused.text.contains("4.04"), "\(refused.text)")
      #expect(refused.text.contains("Slot is empty"), "\(refused.text)")
    }
  }
}

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct OtherPeoplesServers {
  /// An image of several blocks that returns 42.
  static let image =
    Array(repeating: Assembly.move(0, 1), count: 300).flatMap(\.self) + Assembly.returning(42)

  @Test(
    .enabled(
      if: Tool.coapServer.isWanted && Tool.coapClient.isWanted,
      "libcoap's server is not installed (Debian: libcoap3-bin)"))
  func `a program is deployed from libcoap's server`() async throws {
    try await Board.run { _, device in
      try await withDirectory { directory in
        let port = try freePort()
        let root = "coap://10.0.2.2:\(port)"
        try write(Self.image, to: "image", in: directory)
        try write(
          try Forgery(image: Self.image).envelope(imageAt: "\(root)/image"), to: "manifest", in: directory)
        try await Tool.coapServer.serving(["-A", "127.0.0.1", "-p", "\(port)", "-d", "4"]) {
          try await waitForServer(at: port)
          for name in ["image", "manifest"] {
            let stored = try await Tool.coapClient.run([
              "-m", "put", "-f", "\(directory)/\(name)", "coap://127.0.0.1:\(port)/\(name)",
            ])
            #expect(stored.status == 0, "\(stored.text)")
          }
          let installed = try await device.install(manifest: "\(root)/manifest")
          #expect(installed.size == Self.image.count)
          #expect(try await device.run(1).result == 42)
        }
      }
    }
  }

  @Test(.enabled(if: Tool.aiocoapFileServer.isWanted, "aiocoap is not installed (PyPI: aiocoap)"))
  func `a program is deployed from aiocoap's file server`() async throws {
    try await Board.run { _, device in
      try await withDirectory { directory in
        let port = try freePort()
        let root = "coap://10.0.2.2:\(port)"
        try write(Self.image, to: "served/image", in: directory)
        try write(
          try Forgery(image: Self.image).envelope(imageAt: "\(root)/image"), to: "served/manifest",
          in: directory)
        try await Tool.aiocoapFileServer.serving(["--bind", "127.0.0.1:\(port)", "\(directory)/served"]) {
          try await waitForServer(at: port)
          let installed = try await device.install(manifest: "\(root)/manifest")
          #expect(installed.size == Self.image.count)
          #expect(try await device.run(1).result == 42)
        }
      }
    }
  }
}
