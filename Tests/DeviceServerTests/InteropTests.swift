import CoAP
import CoAPTransport
import Foundation
import SUIT
import TestSupport
import Testing
import Toolchain
import VirtualDevice

@testable import DeviceClient

/// A device on a port of this machine, for other people's clients and for ours.
private func withDevice<R>(_ body: (_ url: String) async throws -> R) async throws -> R {
  let device = try await VirtualDevice(
    host: "127.0.0.1", port: 0,
    provisioning: try makeProvisioning(
      trusting: [Device.key.publicKey], vendor: "example.com", deviceClass: "linux", serial: 7),
    console: { _ in })
  do {
    let result = try await body("coap://127.0.0.1:\(device.port)")
    await device.close()
    return result
  } catch {
    await device.close()
    throw error
  }
}

/// An image of a few hundred bytes behind its envelope, for slot 1.
private func pushed(_ sequenceNumber: UInt32, form: ManifestForm = .suit) throws -> [UInt8] {
  let image = Assembly.image(text: Assembly.returning(5), rodata: pattern(700))
  var envelope = ManifestBuilder(
    payload: image, uri: form == .suit ? "#image" : "coap://[::1]/image", slot: 1,
    sequenceNumber: sequenceNumber, vendorID: Device.vendor,
    classID: UUIDv5.classID(vendorID: Device.vendor, name: "linux"), form: form
  ).envelope
  try envelope.sign(with: Device.key)
  return envelope.encoded(pushing: image)
}

@Suite(.timeLimit(.minutes(10))) struct OtherPeoplesClients {
  @Test(
    .enabled(if: Tool.coapClient.isWanted, "libcoap's client is not installed (Debian: libcoap3-bin)"),
    arguments: [16, 32, 64, 128, 256, 512, 1024])
  func `libcoap's client pushes a program in blocks of any size`(size: Int) async throws {
    try await withDirectory { directory in
      try write(try pushed(3, form: size % 128 == 0 ? .suit : .riot), to: "pushed", in: directory)
      try await withDevice { url in
        let run = try await Tool.coapClient.run([
          "-b", "\(size)", "-m", "post", "-A", "0", "-f", "\(directory)/pushed", "\(url)/suit/push",
        ])
        #expect(run.text.contains("slot: 1\n") && run.text.contains("sequence: 3\n"), "\(run.text)")
        let ran = try await Tool.coapClient.run(["-m", "post", "-A", "50", "\(url)/slots/1/run"])
        #expect(ran.text.contains("{\"result\":5,"), "\(ran.text)")
      }
    }
  }

  @Test(
    .enabled(if: Tool.aiocoapClient.isWanted, "aiocoap is not installed (PyPI: aiocoap)"),
    arguments: [0, 2, 6])
  func `aiocoap's client pushes a program in blocks`(exponent: Int) async throws {
    try await withDirectory { directory in
      try write(try pushed(3), to: "pushed", in: directory)
      try await withDevice { url in
        let run = try await Tool.aiocoapClient.run([
          "-q", "-m", "POST", "--accept", "0", "--payload-initial-szx", "\(exponent)", "--payload",
          "@\(directory)/pushed", "\(url)/suit/push",
        ])
        #expect(run.text.contains("slot: 1\n") && run.text.contains("sequence: 3\n"), "\(run.text)")
      }
    }
  }

  @Test(.enabled(if: Tool.coapClient.isWanted, "libcoap's client is not installed (Debian: libcoap3-bin)"))
  func `libcoap's client is told of a slot's changes`() async throws {
    try await withDevice { url in
      async let observation = Tool.coapClient.run(["-s", "25", "-w", "-A", "0", "\(url)/slots/1"])
      try await Task.sleep(for: .seconds(4))
      try await withClient { client in
        _ = try await DeviceClient(url: url, client: client).push(try pushed(8))
      }
      let seen = try await observation.text
      #expect(seen.contains("sequence: 0\n") && seen.contains("sequence: 8\n"), "\(seen)")
    }
  }

  @Test(.enabled(if: Tool.coapClient.isWanted, "libcoap's client is not installed (Debian: libcoap3-bin)"))
  func `libcoap's client searches by filter and asks on condition`() async throws {
    try await withDevice { url in
      for size in ["16", "64", "1024"] {
        let found = try await Tool.coapClient.run(["-b", size, "\(url)/.well-known/core?rt=microbpf.slot"])
        #expect(found.text.contains("</slots/1>;rt=\"microbpf.slot\"") && !found.text.contains("/run"))
      }
      // If-None-Match: a slot is always there.
      let refused = try await Tool.coapClient.run(["-m", "delete", "-O", "5,", "\(url)/slots/1"])
      #expect(refused.text.contains("4.12"), "\(refused.text)")
    }
  }
}

@Suite(.timeLimit(.minutes(10))) struct OwnClient {
  @Test(arguments: ManifestForm.allCases, [16, 1024])
  func `our client pushes a program and follows the slots meanwhile`(form: ManifestForm, size: Int)
    async throws
  {
    try await withDevice { url in
      var configuration = CoAPClient.Configuration()
      configuration.blockSize = size
      try await withClient(configuration) { client in
        let device = DeviceClient(url: url, client: client)
        let body = try pushed(4, form: form)
        // A client that hears nothing for long asks again, and is told again what it knows.
        let states = device.followSlots()
        #expect(try await states.first { _ in true }?[1].sequence == 0)
        let installation = try await device.push(body)
        #expect(installation.slot == 1 && installation.sequence == 4)
        #expect(try await states.first { $0[1].sequence == 4 } != nil)
        try await device.erase(1)
        #expect(try await states.first { $0[1].size == 0 } != nil)
      }
    }
  }

  @Test func `our client hears that somebody listens, and that nobody does`() async throws {
    try await withDevice { url in
      try await withClient { client in try await client.ping(url) }
    }
    var configuration = CoAPClient.Configuration()
    configuration.parameters.acknowledgeTimeout = 20
    configuration.parameters.retransmissions = 1
    try await withClient(configuration) { client in
      let port = try freePort()
      await #expect(throws: CoAPClientError.timedOut(uri: "coap://127.0.0.1:\(port)")) {
        try await client.ping("coap://127.0.0.1:\(port)")
      }
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct DevicesAsProcesses {
  @Test func `a device starts anew with its slots, and with the programs that start at boot`() async throws {
    try await withDirectory { directory in
      let flash = try FileFlash(path: "\(directory)/flash")
      let device = try await VirtualDevice(
        host: "127.0.0.1", port: 0,
        provisioning: try makeProvisioning(
          trusting: [Device.key.publicKey], vendor: "example.com", deviceClass: "linux", serial: 7),
        flash: flash, console: { _ in })
      try await withClient { client in
        let asked = DeviceClient(url: "coap://127.0.0.1:\(device.port)", client: client)
        _ = try await asked.push(try pushed(1))
        _ = try await asked.start(1, every: 20, atBoot: true)
        _ = try await asked.store(5, under: 6, in: nil)
        for _ in 0..<2 {
          try await asked.reboot()
          // What all programs share does not outlive it.
          let over = ContinuousClock.now + .seconds(30)
          while try await !asked.store(of: nil).isEmpty, ContinuousClock.now < over {
            try await Task.sleep(for: .milliseconds(50))
          }
          let restarted = try await asked.instance(1)
          // On a busy machine this may have taken longer than the device waits.
          let isEarly = try await asked.description().uptime < 3000
          #expect(!isEarly || (restarted.starts == 0 && restarted.state == "idle"))
          #expect(try await asked.store(of: nil).isEmpty)
          #expect(try await asked.slot(1).sequence == 1)
          let end = ContinuousClock.now + .seconds(20)
          while try await asked.instance(1).starts < 3, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(50))
          }
          let instance = try await asked.instance(1)
          #expect(instance.starts >= 3 && instance.every == 20)
        }
      }
      await device.close()
    }
  }
}
