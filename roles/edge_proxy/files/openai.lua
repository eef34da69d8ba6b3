-- What HAProxy's own rules cannot say about OpenAI's JSON: a chat that is none, one model of the engine's list, and
-- an engine's errors in the one shape that clients are promised.

local json = require("cjson")

-- Engines answer these with 500, or 501 for a whole path, although only another request helps: clients would try again.
local CAUSED_BY_THE_REQUEST = { "input is not supported", "^Failed to parse messages", "^Failed to parse tools" }

-- Engines' own words for what OpenAI has a code for.
local CODES = { exceed_context_size_error = "context_length_exceeded" }

-- Bytes. An answer has to fit into HAProxy's buffer, and escapes make it longer.
local LONGEST_MESSAGE = 2000

local function answer(txn, status, body, retry_after)
  local reply = txn:reply({ status = status })
  if retry_after then
    reply:add_header("retry-after", retry_after)
  end
  reply:add_header("content-type", "application/json")
  reply:set_body(json.encode(body))
  txn:done(reply)
end

local function refuse(txn, status, message, param, code, retry_after)
  local kind = status < 500 and "invalid_request_error" or "server_error"
  local said = { message = message, type = kind, param = param or json.null, code = code or json.null }
  answer(txn, status, { error = said }, retry_after)
end

local function read(text)
  local is_json, value = pcall(json.decode, text)
  return is_json and type(value) == "table" and value or {}
end

local function text(value)
  return type(value) == "string" and value or nil
end

local function refuse_no_chat(txn)
  local messages = read(txn.f:req_body()).messages
  if type(messages) ~= "table" then
    return -- the engine says what is wrong with it
  end
  if next(messages) == nil then
    refuse(txn, 400, "messages must hold at least one message.", "messages", "empty_array")
  end
  for place, message in ipairs(messages) do
    -- An assistant that calls tools says nothing.
    if type(message) == "table" and message.content == json.null and message.role ~= "assistant" then
      local param = string.format("messages[%d].content", place - 1)
      refuse(txn, 400, param .. " must be a string or a list of parts, not null.", param, "invalid_type")
    end
  end
end

local function word_engine_error(txn)
  local status, raw = txn.f:status(), txn.f:res_body() or ""
  local body = read(raw)
  local said = type(body.error) == "table" and body.error or body
  -- What the buffer cuts off is no JSON, and begins with the words all the same.
  local message = text(said.message) or raw:match('"message"%s*:%s*"([^"\\]+)')
    or "The engine answered with status " .. status .. " and did not say why."
  if #message > LONGEST_MESSAGE then
    -- Engines repeat whole prompts. No character is cut in two.
    message = message:sub(1, LONGEST_MESSAGE):gsub("[\194-\244]?[\128-\191]*$", "")
  end
  for _, pattern in ipairs(CAUSED_BY_THE_REQUEST) do
    if status == 501 or status == 500 and message:find(pattern) then
      status = 400
    end
  end
  refuse(txn, status, message, text(said.param), text(said.code) or CODES[said.type], txn.f:res_hdr("retry-after"))
end

local function pick_model(txn)
  local name, models = txn:get_var("txn.model"), read(txn.f:res_body()).data
  for _, model in ipairs(type(models) == "table" and models or {}) do
    if type(model) == "table" and model.id == name then
      local created = type(model.created) == "number" and model.created or 0
      answer(txn, 200, { id = name, object = "model", created = created, owned_by = text(model.owned_by) or "airlift" })
    end
  end
  refuse(txn, 404, "The model " .. name .. " does not exist.", "model", "model_not_found")
end

core.register_action("refuse_no_chat", { "http-req" }, refuse_no_chat)
core.register_action("word_engine_error", { "http-res" }, word_engine_error)
core.register_action("pick_model", { "http-res" }, pick_model)
