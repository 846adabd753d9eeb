import CoAP
import CoAPTransport
import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct LibcoapInterop {
  @Test(
    .enabled(if: Tool.coapClient.isWanted, "libcoap's client is not installed (Debian: libcoap3-bin)"),
    arguments: [16, 32, 64, 128, 256, 512, 1024])
  func `libcoap's client fetches a file from our server in blocks of any size`(blockSize: Int) async throws {
    try await withDirectory { directory in
      try write(pattern(3001), to: "served/a.bin", in: directory)
      try await withFileServer("\(directory)/served") { server in
        for host in ["127.0.0.1", "[::1]"] {
          let output = "\(directory)/received"
          let run = try await Tool.coapClient.run([
            "-b", "\(blockSize)", "-o", output, "coap://\(host):\(server.port)/a.bin",
          ])
          #expect(run.status == 0, "\(run.text)")
          #expect(try [UInt8](Data(contentsOf: URL(filePath: output))) == pattern(3001))
          try FileManager.default.removeItem(atPath: output)
        }
        let counts = await server.counts()
        #expect(counts.received == counts.sent)
        // A busy machine may have it ask again.
        #expect(counts.received >= 2 * ((3001 + blockSize - 1) / blockSize))
      }
    }
  }

  @Test(.enabled(if: Tool.coapClient.isWanted, "libcoap's client is not installed (Debian: libcoap3-bin)"))
  func `libcoap's client fetches through lost datagrams`() async throws {
    try await withDirectory { directory in
      try write(pattern(500), to: "served/a.bin", in: directory)
      try await withFileServer("\(directory)/served") { server in
        // Its second and fourth datagrams never leave: it sends them again.
        let run = try await Tool.coapClient.run([
          "-l", "2,4", "-b", "256", "-o", "\(directory)/received", "coap://127.0.0.1:\(server.port)/a.bin",
        ])
        #expect(run.status == 0, "\(run.text)")
        #expect(try [UInt8](Data(contentsOf: URL(filePath: "\(directory)/received"))) == pattern(500))
      }
    }
  }

  @Test(.enabled(if: Tool.coapClient.isWanted, "libcoap's client is not installed (Debian: libcoap3-bin)"))
  func `libcoap's client is told what it may not do`() async throws {
    try await withDirectory { directory in
      try write([1], to: "a.bin", in: directory)
      try await withFileServer(directory) { server in
        let uri = "coap://127.0.0.1:\(server.port)"
        for (arguments, code) in [
          (["\(uri)/none"], "4.04"), (["-m", "delete", "\(uri)/a.bin"], "4.05"),
          (["-A", "50", "\(uri)/a.bin"], "4.06"), (["-O", "9,x", "\(uri)/a.bin"], "4.02"),
          (["-N", "-B", "3", "\(uri)/none"], "4.04"),
        ] {
          let run = try await Tool.coapClient.run(arguments)
          #expect(run.text.contains(code), "\(arguments)")
        }
      }
    }
  }

  @Test(
    .enabled(
      if: Tool.coapServer.isWanted && Tool.coapClient.isWanted,
      "libcoap's server is not installed (Debian: libcoap3-bin)"),
    arguments: [16, 32, 64, 128, 256, 512, 1024])
  func `our client fetches what libcoap's server keeps in blocks of any size`(blockSize: Int) async throws {
    try await withDirectory { directory in
      let port = try freePort()
      try write(pattern(2500), to: "body", in: directory)
      try await Tool.coapServer.serving(["-A", "127.0.0.1", "-p", "\(port)", "-d", "4"]) {
        try await waitForServer(at: port)
        let stored = try await Tool.coapClient.run([
          "-m", "put", "-f", "\(directory)/body", "coap://127.0.0.1:\(port)/stored",
        ])
        #expect(stored.status == 0, "\(stored.text)")
        try await withClient(patience(blockSize: blockSize)) { client in
          let answer = try await client.request(.get, "coap://127.0.0.1:\(port)/stored")
          #expect(answer.code == .content)
          #expect(answer.body == pattern(2500))
          let core = try await client.request(.get, "coap://127.0.0.1:\(port)/.well-known/core")
          #expect(core.contentFormat == .linkFormat)
          #expect(String(decoding: core.body, as: UTF8.self).contains("</stored>"))
        }
      }
    }
  }

  @Test(.enabled(if: Tool.coapServer.isWanted, "libcoap's server is not installed (Debian: libcoap3-bin)"))
  func `our client stores, reads, deletes and waits for separate answers at libcoap's server`() async throws {
    let port = try freePort()
    try await Tool.coapServer.serving(["-A", "127.0.0.1", "-p", "\(port)", "-d", "4"]) {
      try await waitForServer(at: port)
      try await withClient(patience()) { client in
        let uri = "coap://127.0.0.1:\(port)"
        let created = try await client.request(
          .put, "\(uri)/small?x=1", payload: Array("hello".utf8), contentFormat: .text)
        #expect(created.code == .created)
        let read = try await client.request(.get, "\(uri)/small")
        #expect(read.body == Array("hello".utf8))
        #expect(read.datagrams == DatagramCounts(sent: 1, received: 1))
        // An empty acknowledgement at once, the answer a second later, acknowledged by us.
        let separate = try await client.request(.get, "\(uri)/async?1")
        #expect(separate.code == .content)
        #expect(separate.datagrams == DatagramCounts(sent: 2, received: 2))
        let deleted = try await client.request(.delete, "\(uri)/small")
        #expect(deleted.code == .deleted)
        let gone = try await client.request(.get, "\(uri)/small")
        #expect(gone.code == .notFound)
      }
    }
  }
}

@Suite(.timeLimit(.minutes(10))) struct LibcoapServerInterop {
  @Test(
    .enabled(if: Tool.coapServer.isWanted, "libcoap's server is not installed (Debian: libcoap3-bin)"),
    arguments: [16, 32, 64, 128, 256, 512, 1024])
  func `our client stores a long body at libcoap's server in blocks of any size`(blockSize: Int) async throws
  {
    let port = try freePort()
    try await Tool.coapServer.serving(["-A", "127.0.0.1", "-p", "\(port)", "-d", "4"]) {
      try await waitForServer(at: port)
      try await withClient(patience(blockSize: blockSize)) { client in
        let uri = "coap://127.0.0.1:\(port)/long"
        let stored = try await client.request(.put, uri, payload: pattern(2500))
        #expect(stored.code == .created)
        let read = try await client.request(.get, uri)
        #expect(read.body == pattern(2500))
      }
    }
  }

  @Test(.enabled(if: Tool.coapServer.isWanted, "libcoap's server is not installed (Debian: libcoap3-bin)"))
  func `our client follows a resource of libcoap's server, searches by filter and pings`() async throws {
    let port = try freePort()
    try await Tool.coapServer.serving(["-A", "127.0.0.1", "-p", "\(port)", "-d", "4"]) {
      try await waitForServer(at: port)
      try await withClient { client in
        let uri = "coap://127.0.0.1:\(port)"
        var states: [[UInt8]] = []
        for try await state in client.observe("\(uri)/time") {
          states.append(state.body)
          if states.count == 3 { break }
        }
        #expect(Set(states).count == 3, "the time, second by second")
        let found = try await client.request(.get, "\(uri)/.well-known/core?rt=ticks")
        #expect(String(decoding: found.body, as: UTF8.self).hasPrefix("</time>"))
        try await client.ping(uri)
      }
    }
  }
}

@Suite(.timeLimit(.minutes(10))) struct AiocoapInterop {
  @Test(
    .enabled(if: Tool.aiocoapFileServer.isWanted, "aiocoap is not installed (PyPI: aiocoap)"),
    arguments: [16, 64, 256, 1024])
  func `our client stores and follows a file of aiocoap's file server`(blockSize: Int) async throws {
    try await withDirectory { directory in
      let port = try freePort()
      try write(pattern(10), to: "a.bin", in: directory)
      try await Tool.aiocoapFileServer.serving(["--write", "--bind", "127.0.0.1:\(port)", directory]) {
        try await waitForServer(at: port)
        try await withClient(patience(blockSize: blockSize)) { client in
          let uri = "coap://127.0.0.1:\(port)/a.bin"
          let states = client.observe(uri)
          #expect(try await states.first { _ in true }?.body == pattern(10))
          let stored = try await client.request(.put, uri, payload: pattern(2500))
          #expect(stored.code.isSuccess, "\(stored.code.text)")
          #expect(try Data(contentsOf: URL(filePath: "\(directory)/a.bin")).elementsEqual(pattern(2500)))
          #expect(try await states.first { $0.body == pattern(2500) } != nil)
        }
      }
    }
  }

  @Test(.enabled(if: Tool.aiocoapClient.isWanted, "aiocoap is not installed (PyPI: aiocoap)"))
  func `aiocoap's client fetches a file of several blocks from our server`() async throws {
    try await withDirectory { directory in
      try write(pattern(3001), to: "folder/a.bin", in: directory)
      try await withFileServer(directory) { server in
        let run = try await Tool.aiocoapClient.run(["-q", "coap://127.0.0.1:\(server.port)/folder/a.bin"])
        #expect(run.status == 0, "\(run.text)")
        #expect(run.standardOutput == pattern(3001))
        let none = try await Tool.aiocoapClient.run(["coap://127.0.0.1:\(server.port)/none"])
        #expect(none.text.contains("4.04"))
      }
    }
  }

  @Test(
    .enabled(if: Tool.aiocoapFileServer.isWanted, "aiocoap is not installed (PyPI: aiocoap)"),
    arguments: [16, 64, 256, 1024])
  func `our client fetches from aiocoap's file server in blocks of any size`(blockSize: Int) async throws {
    try await withDirectory { directory in
      try write(pattern(2500), to: "folder/a.bin", in: directory)
      let port = try freePort()
      try await Tool.aiocoapFileServer.serving(["--bind", "127.0.0.1:\(port)", directory]) {
        try await waitForServer(at: port)
        try await withClient(patience(blockSize: blockSize)) { client in
          let answer = try await client.request(.get, "coap://127.0.0.1:\(port)/folder/a.bin")
          #expect(answer.code == .content)
          #expect(answer.body == pattern(2500))
        }
      }
    }
  }
}
