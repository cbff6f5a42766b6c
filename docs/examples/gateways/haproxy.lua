-- Repeats the head of each request to `quanheng gateway --style mirrored`. Only a 2xx is an allow; whatever fails leaves the
-- variable unset, and haproxy.cfg then refuses.
local GATEWAY = "http://127.0.0.1:8183"
local DROPPED = { ["content-length"] = true, ["transfer-encoding"] = true, ["connection"] = true, ["expect"] = true, ["host"] = true }

core.register_action("quanheng", { "http-req" }, function(txn)
    local headers = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        if not DROPPED[name] then
            headers[name] = {}
            for n, value in pairs(values) do table.insert(headers[name], value) end
        end
    end
    local client = core.httpclient()
    local ask = client[string.lower(txn.f:method())]
    if ask == nil then return end
    local query = txn.f:query()
    local target = txn.f:path() .. (query and query ~= "" and "?" .. query or "")
    local answer = ask(client, { url = GATEWAY .. target, headers = headers, timeout = 6000 })
    if answer == nil or answer.status == nil or answer.status == 0 or answer.status >= 500 then return end
    local function told(name) return answer.headers and answer.headers[name] and answer.headers[name][0] or "" end
    txn:set_var("txn.quanheng", answer.status >= 200 and answer.status < 300 and "allow" or "deny")
    txn:set_var("txn.quanheng_code", told("x-quanheng-code"))
    txn:set_var("txn.quanheng_decision", told("x-quanheng-decision"))
end)
