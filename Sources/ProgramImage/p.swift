import BPF
import Bytes
import ELF
import Helpers
public struct ImageError: Error, Equatable, Sendable {}
