import CoAP
import CoAPTransport
import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct FileServerRules {
  @Test(arguments: [16, 32, 64, 128, 256, 512, 1024], [0, 1, 1023, 1024, 1025, 5000])
  func `a file arrives whole in blocks of any size`(blockSize: Int, length: Int) async throws {
    try await withDirectory { directory in
      try write(pattern(length), to: "images/a.bin", in: directory)
      try await withFileServer(directory) { server in
        try await withClient(patience(blockSize: blockSize)) { client in
          let answer = try await client.request(.get, "coap://127.0.0.1:\(server.port)/images/a.bin")
          #expect(answer.code == .content)
          #expect(answer.contentFormat == .octetStream)
          #expect(answer.body == pattern(length))
          let blocks = max(1, (length + blockSize - 1) / blockSize)
          #expect(answer.datagrams == DatagramCounts(sent: blocks, received: blocks))
          #expect(await server.counts() == DatagramCounts(sent: blocks, received: blocks))
        }
      }
    }
  }

  @Test(arguments: ["127.0.0.1", "[::1]"])
  func `one server answers over IPv4 and IPv6`(host: String) async throws {
    try await withDirectory { directory in
      try write([1, 2, 3], to: "a", in: directory)
      try await withFileServer(directory) { server in
        try await withClient { client in
          let answer = try await client.request(.get, "coap://\(host):\(server.port)/a")
          #expect(answer.body == [1, 2, 3])
        }
      }
    }
  }

  @Test func `a server can be bound to one address`() async throws {
    try await withDirectory { directory in
      try write([1, 2, 3], to: "a", in: directory)
      try await withFileServer(directory, host: "127.0.0.1") { server in
        try await withClient { client in
          let answer = try await client.request(.get, "coap://127.0.0.1:\(server.port)/a")
          #expect(answer.body == [1, 2, 3])
        }
      }
    }
  }

  @Test(arguments: [
    ("", Code.notFound), ("/", .notFound), ("/b", .notFound), ("/folder", .notFound), ("/folder/", .notFound),
    ("/a/", .notFound), ("/a/b", .notFound), ("/./a", .notFound), ("/folder/../a", .notFound),
    ("/..%2F..%2Fetc%2Fpasswd", .notFound), ("/%2e%2e/%2e%2e/etc/passwd", .notFound), ("/a%00", .notFound),
    ("/folder%2Fb", .notFound), ("/.hidden", .notFound), ("/%ff%fe", .badRequest), ("/outside", .forbidden),
    ("/way/passwd", .forbidden), ("/inside", .content), ("/a", .content), ("/folder/b", .content),
  ])
  func `only regular files below the directory are served`(path: String, code: Code) async throws {
    try await withDirectory { directory in
      try write([1], to: "served/a", in: directory)
      try write([2], to: "served/folder/b", in: directory)
      try write([3], to: "served/.hidden", in: directory)
      try write([4], to: "secret", in: directory)
      let files = FileManager.default
      try files.createSymbolicLink(
        atPath: "\(directory)/served/outside", withDestinationPath: "\(directory)/secret")
      try files.createSymbolicLink(atPath: "\(directory)/served/way", withDestinationPath: "/etc")
      try files.createSymbolicLink(
        atPath: "\(directory)/served/inside", withDestinationPath: "\(directory)/served/a")
      try await withFileServer("\(directory)/served") { server in
        try await withClient { client in
          let answer = try await client.request(.get, "coap://127.0.0.1:\(server.port)\(path)")
          #expect(answer.code == code)
        }
      }
    }
  }

  @Test(arguments: [Code.post, .put, .delete, Code(0, 5)])
  func `only GET is allowed`(method: Code) async throws {
    try await withDirectory { directory in
      try write([1], to: "a", in: directory)
      try await withFileServer(directory) { server in
        try await withClient { client in
          let answer = try await client.request(method, "coap://127.0.0.1:\(server.port)/a", payload: [9])
          #expect(answer.code == .methodNotAllowed)
        }
      }
    }
  }

  @Test func `a format other than octets is not acceptable`() async throws {
    try await withDirectory { directory in
      try write([1], to: "a", in: directory)
      try await withFileServer(directory) { server in
        try await withClient { client in
          let uri = "coap://127.0.0.1:\(server.port)/a"
          let json = try await client.request(.get, uri, accept: .json)
          #expect(json.code == .notAcceptable)
          let octets = try await client.request(.get, uri, accept: .octetStream)
          #expect(octets.code == .content)
        }
      }
    }
  }

  @Test func `a directory that does not exist is refused by name`() async throws {
    await #expect {
      _ = try await CoAPFileServer(directory: "/no/such/folder")
    } throws: { error in
      "\(error)" == "'/no/such/folder' is no directory"
    }
  }

  @Test func `a port in use is refused with its number`() async throws {
    try await withDirectory { directory in
      try await withFileServer(directory) { server in
        await #expect {
          _ = try await CoAPFileServer(directory: directory, port: server.port)
        } throws: { error in
          "\(error)".hasPrefix("cannot open UDP port \(server.port) on ::")
        }
      }
    }
  }

  @Test func `a closed server frees its port`() async throws {
    try await withDirectory { directory in
      let first = try await CoAPFileServer(directory: directory)
      await first.close()
      await first.close()
      #expect(await first.counts() == DatagramCounts())
      let second = try await CoAPFileServer(directory: directory, port: first.port)
      await second.close()
    }
  }
}
