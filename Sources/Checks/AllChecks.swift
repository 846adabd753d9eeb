/// Every check, in the order of the modules.
public let checkGroups: [[Check]] = [bytesChecks, coapChecks]
