// The example filter as Go itself compiles it: its configuration is `name: value`, a header for every answer. The functions of
// the host are declared here, as an SDK would do it.
package main

import (
	"strings"
	"unsafe"
)

//go:wasmimport env proxy_log
func proxyLog(level uint32, text unsafe.Pointer, size uint32) uint32

//go:wasmimport env proxy_get_buffer_bytes
func proxyGetBufferBytes(buffer, start, length uint32, bytesTo, sizeTo unsafe.Pointer) uint32

//go:wasmimport env proxy_replace_header_map_value
func proxyReplaceHeaderMapValue(headers uint32, name unsafe.Pointer, nameSize uint32, value unsafe.Pointer, valueSize uint32) uint32

const (
	pluginConfiguration = 7
	responseHeaders     = 2
	critical            = 5
)

var (
	name, value string
	// What the host was given to write to, so that nothing collects it.
	given = map[uintptr][]byte{}
)

func main() {}

//go:wasmexport proxy_abi_version_0_2_1
func abiVersion() {}

//go:wasmexport proxy_on_memory_allocate
func allocate(size uint32) unsafe.Pointer {
	block := make([]byte, size)
	address := unsafe.Pointer(unsafe.SliceData(block))
	given[uintptr(address)] = block
	return address
}

//go:wasmexport proxy_on_configure
func configure(_, size uint32) uint32 {
	var bytes uintptr
	var length uint32
	proxyGetBufferBytes(pluginConfiguration, 0, size, unsafe.Pointer(&bytes), unsafe.Pointer(&length))
	text := string(given[bytes][:length])
	// By image, a configuration is a JSON object: {"name": "value"} is the same header.
	before, after, found := strings.Cut(strings.NewReplacer("{", "", "}", "", "\"", "").Replace(text), ":")
	if !found {
		message := "add-header: the configuration must be \"name: value\", not \"" + text + "\""
		proxyLog(critical, unsafe.Pointer(unsafe.StringData(message)), uint32(len(message)))
		return 0
	}
	name, value = strings.ToLower(strings.TrimSpace(before)), strings.TrimSpace(after)
	return 1
}

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(_, _, _ uint32) uint32 {
	proxyReplaceHeaderMapValue(
		responseHeaders,
		unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)),
		unsafe.Pointer(unsafe.StringData(value)), uint32(len(value)),
	)
	return 0
}
