import CoAP

/// Why a file server could not be started.
public enum CoAPFileServerError: Error, Sendable, CustomStringConvertible {
  case noSuchDirectory(path: String)
  case socket(SocketError)

  public var description: String {
    switch self {
    case .noSuchDirectory(let path): "'\(path)' is no directory"
    case .socket(let error): error.description
    }
  }
}

/// Serves the files below a directory over CoAP, read-only: GET, block-wise (RFC 7959), with ETag and Size2.
///
/// Files are read anew for each request, so that what is replaced on disk is served at once; a client sees by the ETag
/// that it happened in the middle of a transfer.
public final class CoAPFileServer: Sendable {
  private let socket: DatagramSocket<FileServerEngine>

  /// - Parameters:
  ///   - directory: what its files are called, relative to it, is their path in a URI.
  ///   - host: the local address; `::` listens on all, IPv4 included.
  ///   - port: 0 takes a free one; see ``port``.
  ///   - parameters: time-outs and retransmissions.
  /// - Throws: ``CoAPFileServerError`` when there is no such directory or the socket cannot be opened.
  public init(
    directory: String, host: String = "::", port: UInt16 = 0,
    parameters: TransmissionParameters = TransmissionParameters()
  ) async throws(CoAPFileServerError) {
    guard let files = FileTree(directory: directory) else { throw .noSuchDirectory(path: directory) }
    do throws(SocketError) {
      socket = try await DatagramSocket.open(host: host, port: port) {
        FileServerEngine(files: files, seed: UInt64.random(in: .min ... .max), parameters: parameters)
      }
    } catch {
      throw .socket(error)
    }
  }

  /// The port it listens on.
  public var port: UInt16 { socket.port }

  /// Datagrams received and sent so far; both 0 once closed.
  public func counts() async -> DatagramCounts {
    (try? await socket.counts()) ?? DatagramCounts()
  }

  public func close() async {
    await socket.close()
  }
}

/// The file server without its socket.
struct FileServerEngine: DatagramEngine, ~Copyable {
  private let files: FileTree
  private var endpoint: Endpoint<64>

  init(files: FileTree, seed: UInt64, parameters: TransmissionParameters) {
    self.files = files
    endpoint = Endpoint(seed: seed, parameters: parameters)
  }

  mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox) {
    guard case .request(let id) = endpoint.receive(datagram, from: peer, at: now, sink: &sink),
      let message = try? Message(datagram)
    else { return }
    switch answer(to: message) {
    case .success(let file):
      endpoint.respond(
        to: id, Response(.content, contentFormat: .octetStream), body: file.span, at: now, sink: &sink)
    case .failure(let refusal):
      endpoint.respond(to: id, Response(refusal.code), body: Span(), at: now, sink: &sink)
    }
  }

  mutating func poll(at now: Instant, sink: inout Outbox) {
    while endpoint.poll(at: now, sink: &sink) != .none {}
  }

  var nextDeadline: Instant? { mutating get { endpoint.nextDeadline } }

  private func answer(to message: borrowing Message) -> Result<[UInt8], FileRefusal> {
    guard message.code == .get else { return .failure(FileRefusal(code: .methodNotAllowed)) }
    var path: [[UInt8]] = []
    var options = message.options
    while let option = options.next() {
      switch option.number {
      case .uriPath:
        path.append(option.value.indices.map { option.value[$0] })
      case .accept where message.integer(.accept) != UInt32(ContentFormat.octetStream.rawValue):
        return .failure(FileRefusal(code: .notAcceptable))
      default:
        break
      }
    }
    return files.contents(of: path)
  }
}
