-- What HAProxy's own rules cannot say about OpenAI's and Anthropic's JSON: which model a body names wherever it stands,
-- the list of models, requests that no engine should get, and an engine's errors in the words of the dialect.

local json = require("cjson")
local json_scan, json_table = require("json_scan"), require("json_table")
local models, wording = require("models"), require("wording")

local models_map = Map.new(os.getenv("AIRLIFT_MODELS_MAP"), Map._str)
local max_body_bytes = tonumber(os.getenv("AIRLIFT_MAX_BODY_BYTES"))

-- The entry of the map that lists its names: HAProxy finds entries, and cannot list them.
local ALL = "*"

local BYTE_ORDER_MARK = "\239\187\191"

local function answer(txn, status, body, retry_after)
  local reply = txn:reply({ status = status })
  if retry_after then
    reply:add_header("retry-after", retry_after)
  end
  reply:add_header("content-type", "application/json")
  reply:set_body(json.encode(body))
  txn:done(reply)
end

local function dialect(txn)
  return txn:get_var("txn.dialect") or "openai"
end

local function refuse(txn, status, message, param, code, retry_after)
  local said = { message = message, param = param, code = code }
  answer(txn, status, wording.error(dialect(txn), status, said, txn:get_var("txn.request_id")), retry_after)
end

local function read(txn)
  local body = txn.f:req_body() or ""
  return json_table(body:sub(1, 3) == BYTE_ORDER_MARK and body:sub(4) or body)
end

local function decode_string(written)
  return json_table('["' .. written .. '"]')[1] or ""
end

-- The paths end where clients put them behind a base URL.
local function refuse_path(txn)
  local host = txn.f:req_fhdr("host") or ""
  if not host:find("^[%w.:%[%]-]+$") then
    host = "<host>"
  end
  local scheme = txn.f:req_fhdr("x-forwarded-proto") == "https" and "https" or "http"
  local base = scheme .. "://" .. host
  local message = "This path is not served. The base URL is " .. base .. "/v1, and below it are GET /models, "
    .. "POST /chat/completions, /completions, /responses, /embeddings and /rerank; clients of Anthropic's API "
    .. "take " .. base .. " without /v1, and add /v1/messages themselves."
  refuse(txn, 404, message, nil, "unknown_url")
end

local function refuse_stored(txn)
  local message = "No response is stored here, so none can be fetched, cancelled or deleted. "
    .. "Keep what POST /v1/responses answered."
  refuse(txn, 404, message, "response_id", "response_not_found")
end

local function refuse_stored_state(txn)
  local body = read(txn)
  for _, param in ipairs({ "previous_response_id", "conversation" }) do
    if body[param] ~= nil and body[param] ~= json.null then
      local message = "No response is stored here, so " .. param .. " refers to none. Send the whole input instead."
      refuse(txn, 400, message, param, "previous_response_not_found")
    end
  end
  if body.background == true then
    local message = "No response is stored here, so none can be made in the background. Stream it instead."
    refuse(txn, 400, message, "background", "unsupported_parameter")
  end
end

-- What json_query does not read: behind a byte-order mark, or nested deeper than it follows.
local function find_model(txn)
  local model = read(txn).model
  if type(model) ~= "string" then
    refuse(txn, 400, "The body must be a JSON object that names a model.", "model", "missing_model")
  end
  txn:set_var("txn.model", model)
end

local function refuse_model(txn)
  local message = "The model " .. json.encode(wording.name(txn:get_var("txn.model"))) .. " does not exist. See GET /v1/models."
  refuse(txn, 404, message, "model", "model_not_found")
end

local function refuse_task(txn)
  local name = txn:get_var("txn.model")
  local does = models.does_another(json_table(models_map:lookup(name)), txn:get_var("txn.task"))
  if does then
    local message = "The model " .. name .. " " .. does .. ", and does not serve this path."
    refuse(txn, 400, message, "model", "model_not_supported")
  end
end

local function refuse_no_chat(txn)
  local messages = read(txn).messages
  if messages == nil then
    return -- the engine says so
  end
  if type(messages) ~= "table" or #messages == 0 then
    local code = type(messages) == "table" and next(messages) == nil and "empty_array" or "invalid_type"
    refuse(txn, 400, "messages must be a list with at least one message.", "messages", code)
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
  local status, said = wording.of_engine(dialect(txn), txn.f:status(), txn.f:res_body() or "")
  refuse(txn, status, said.message, said.param, said.code, txn.f:res_hdr("retry-after"))
end

local function answer_list(txn, names)
  local entries = {}
  for _, name in ipairs(names) do
    local value = models_map:lookup(name)
    if value then
      entries[#entries + 1] = models.entry(dialect(txn), name, json_table(value))
    end
  end
  if #entries == 0 then
    refuse(txn, 503, "No model is released yet. Try again shortly.", nil, "engine_unavailable")
  end
  answer(txn, 200, models.list(dialect(txn), entries))
end

-- Without a list in the map, the engine is asked for its own.
local function list_models(txn)
  local names = json_table(models_map:lookup(ALL))
  if #names > 0 then
    answer_list(txn, names)
  end
end

local function list_engine_models(txn)
  answer_list(txn, models.listed(txn.f:res_body() or ""))
end

local function show_model(txn)
  local name = txn:get_var("txn.model")
  answer(txn, 200, models.entry(dialect(txn), name, json_table(models_map:lookup(name))))
end

core.register_action("refuse_path", { "http-req" }, refuse_path)
core.register_action("refuse_stored", { "http-req" }, refuse_stored)
core.register_action("refuse_stored_state", { "http-req" }, refuse_stored_state)
core.register_action("find_model", { "http-req" }, find_model)
core.register_action("refuse_model", { "http-req" }, refuse_model)
core.register_action("refuse_task", { "http-req" }, refuse_task)
core.register_action("refuse_no_chat", { "http-req" }, refuse_no_chat)
core.register_action("list_models", { "http-req" }, list_models)
core.register_action("show_model", { "http-req" }, show_model)
core.register_action("word_engine_error", { "http-res" }, word_engine_error)
core.register_action("list_engine_models", { "http-res" }, list_engine_models)

-- A body beyond the buffer is read as it passes to the engine, which has not begun while it is not whole.
local Body = { id = "body", flags = filter.FLT_CFG_FL_HTX }
Body.__index = Body

function Body.new()
  return setmetatable({ bytes = 0 }, Body)
end

function Body:http_headers(txn, message)
  if not message.channel:is_resp() and txn:get_var("txn.is_scanned") then
    self.scan = json_scan.new({ model = true, previous_response_id = true })
    filter.register_data_filter(self, message.channel)
  end
end

-- The only way for a filter to answer: HAProxy's error for a bad request, in the words of this refusal (its map of
-- errors). It also says so in its log.
local function break_off(txn, refusal)
  txn:set_var("txn.refusal", refusal)
  txn:set_var("txn.dialect", dialect(txn) .. "-" .. refusal)
  error("a large request is refused: " .. refusal, 0)
end

function Body:check(txn)
  local written = self.scan.found.model
  if written and not self.model then
    self.model = decode_string(written)
    txn:set_var("txn.model", self.model)
    local value = models_map:lookup(self.model)
    if not value or self.model == ALL then
      break_off(txn, "model_not_found")
    end
    if models.does_another(json_table(value), txn:get_var("txn.task")) then
      break_off(txn, "model_not_supported")
    end
  end
  if self.scan.found.previous_response_id and txn:get_var("txn.path") == "/v1/responses" then
    break_off(txn, "previous_response_not_found")
  end
  if self.scan:ended() and not written then
    break_off(txn, "missing_model")
  end
end

function Body:http_payload(txn, message)
  local text = message:body()
  if text then
    self.bytes = self.bytes + #text
    if self.bytes > max_body_bytes then
      break_off(txn, "request_too_large")
    end
    self.scan:feed(text)
    self:check(txn)
  end
end

core.register_filter("body", Body, function(body)
  return body
end)
