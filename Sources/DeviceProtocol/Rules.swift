// The rules of those stages whose numbers no module above gives: of manifests they stand in SUIT, of programs in Verifier and
// Interpreter. All travel to other machines and are never given to another meaning.

/// Problems with a request itself.
public enum RequestRule: UInt8, CaseIterable, Sendable {
  /// Nothing is served under the path.
  case unknownPath = 1
  /// The resource does not answer the method.
  case method = 2
  /// The content format asked for (found) is not offered.
  case format = 3
  /// There is no slot with this number (found) among so many (expected).
  case unknownSlot = 4
  /// Nothing is installed in the slot (found).
  case emptySlot = 5
  /// A deployment is under way.
  case busy = 6
  /// The manifest's URL has more characters (found) than are kept (expected).
  case urlTooLong = 7
  /// The response is longer than what the device has room for (expected, bytes).
  case responseTooLong = 9
  /// All exchanges are in use.
  case noFreeExchange = 10
  /// The resource does not know a query option (index, counted from 0), or two of them contradict each other.
  case query = 11
  /// A block of the body (found: its offset) came before what goes before it (expected).
  case missingBlock = 12
  /// A block of the body has other bytes (found) than it should (expected).
  case blockLength = 13
  /// The resource does not take bodies of several blocks; expected: bytes at most.
  case bodyTooLong = 14
  /// The resource is not in the state that If-Match or If-None-Match demands.
  case condition = 15
  /// A run of the slot's program (found) is under way.
  case slotBusy = 16
  /// Nothing runs in the slot (found), or it is not paused.
  case notRunning = 17
  /// The request does not say how often to run the program.
  case noPeriod = 18
  /// The request has more bytes (found) than a program is given (expected).
  case requestTooLong = 19
  /// The program calls a helper (found) that the request does not let it call, at an instruction (index).
  case helperNotAllowed = 20
  /// The request does not say which event of a device, or says two.
  case noEvent = 21
  /// The board has no device with this number (found) among so many (expected).
  case noDevice = 22
  /// Nothing is stored under the key (found).
  case unknownKey = 23
  /// The store has no entry left for another key; expected: how many this asker may bring in.
  case storeFull = 24
  /// The device lets nobody outside do this.
  case notGranted = 25
  /// The body is no number that the resource takes (found, if it is one at all).
  case number = 26
  /// The device with this number (found) cannot be set, nor what it measures be simulated.
  case notSettable = 27
  /// The port has no such pin (found).
  case noPin = 28
  /// The device cannot restart itself.
  case cannotRestart = 29
  /// The body is in a content format (found) that the resource does not take.
  case bodyFormat = 30
  /// A run cannot be given so many bytes of its arena (found): a multiple of an eighth of its memory, so many at most (expected).
  case arenaSize = 31
  /// A run may not print so many bytes in one second (found); expected: how many at most.
  case logRate = 32
}

/// Problems with fetching manifest or image.
public enum TransferRule: UInt8, CaseIterable, Sendable {
  /// The URL of the manifest is none at a character (index).
  case manifestURL = 1
  /// The URL of the image is none at a character (index).
  case imageURL = 2
  /// The file server did not answer in time.
  case noAnswer = 3
  /// The file server answered with a reset.
  case reset = 4
  /// The file server answered with a code (found) that is no success.
  case refused = 5
  /// The file server kept sending a block (found) other than the one asked for (expected).
  case wrongBlock = 6
  /// A block has other bytes (found) than it should (expected).
  case blockSize = 7
  /// The file changed during the transfer.
  case changed = 8
  /// The file has more blocks than a transfer counts, or goes beyond its slot (expected, bytes).
  case tooLong = 9
  /// The file server's answer holds a critical option that the device does not know.
  case unknownOption = 10
}

/// Problems with an execution beside those that the rules of `Trap` number from 1.
public enum ExecutionRule {
  /// The program returned (found), but has not left a response to the request.
  public static let noResponse: UInt8 = 80
  /// The length of the response that it returned (found) is more than there is room for (expected).
  public static let responseTooLong: UInt8 = 81
  /// What it left is no response to the request.
  public static let wrongResponse: UInt8 = 82
  /// Its response holds an option (found) that is not the program's to choose.
  public static let wrongOption: UInt8 = 83
  /// Somebody ended the run, or put another program into the slot.
  public static let killed: UInt8 = 90
  /// Added to the number of the kind of a fault: the processor refused what the program did.
  public static let fault: UInt8 = 100
}

/// Problems with compiled programs.
public enum CompilationRule: UInt8, CaseIterable, Sendable {
  /// The device does not run compiled programs.
  case noNativeProcessor = 1
  /// The device cannot isolate a compiled program in the way asked for.
  case isolation = 2
  /// Code, data and map need more bytes (found, about) than the slot's code region has (expected).
  case tooLittleRoom = 3
  /// The program of the slot (found) is not compiled.
  case notCompiled = 4
  /// What the interpreter needs has no room beside the code of the slot (found).
  case noRoomBesideCode = 5
}

/// Problems with keeping slots where they outlive a restart.
public enum StorageRule: UInt8, CaseIterable, Sendable {
  /// The device's storage is too small, or of a shape that does not do.
  case unusable = 1
  /// The storage did not take the change.
  case notKept = 2
  /// The device has no storage: nothing of the slot outlives a restart.
  case none = 3
}

/// Problems with an image beside those that its layout's rules number from 1.
public enum ImageProblemRule {
  /// Added to the numbers of the rules of ELF files.
  public static let elf: UInt8 = 100
  /// Stack, data and context need more bytes (found) than an arena has (expected).
  public static let arenaTooSmall: UInt8 = 200
  /// The number of stack frames or a size (found) is out of range.
  public static let impossibleSizes: UInt8 = 201
}
