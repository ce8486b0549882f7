// The only import of the library: the elementary functions of C.
#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// e^x. Wrapped here so that no other file needs the import.
func exponential(_ x: Double) -> Double { exp(x) }

/// A standard normal number from two uniform numbers in [0, 1) (Box and Muller, 1958).
func normal(_ first: Double, _ second: Double) -> Double {
  (-2 * log(1 - first)).squareRoot() * cos(2 * Double.pi * second)
}

/// x^y.
func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
